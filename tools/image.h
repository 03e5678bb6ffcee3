// Pictures as arrays of u8: [h, w] for gray, [h, w, 3] for red, green and blue.
#pragma once

#include <string>

#include "base/result.h"
#include "tools/host_array.h"

namespace einkorn::command {

/// Reads a PNG of 8 bits a channel, gray or RGB, as its samples stand. Others (palettes,
/// transparency, 16 bits) are refused with what to do: nothing is converted or dropped unseen.
Result<HostArray> ReadPng(const std::string& path);

/// Reads a PGM (P5 or P2) of up to 8 bits, as its samples stand.
Result<HostArray> ReadPgm(const std::string& path);

/// The bytes of a file of that format. Refused if the array is not a picture.
Result<std::string> EncodePng(const HostArray& array);
Result<std::string> EncodePgm(const HostArray& array);

}  // namespace einkorn::command
