// Array VALUEs of a command line: lists, calls such as `zeros(4,5)`, and files.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tools/host_array.h"

namespace einkorn::command {

/// Whether a VALUE is the name of a file, whose contents decide its type.
bool IsFileValue(std::string_view text);
/// The array that a .npy, .png or .pgm file holds.
Result<HostArray> ReadArrayFile(const std::string& path);

/// The array that any other VALUE means: `[1, 2, 3]` (nested for more dimensions), `zeros(4,5)`,
/// `full(7; 4,5)`, `range(10)`, `random(4,5; seed=1)` (seed 0 if it is left out; philox.h). Of
/// complex numbers and structs every scalar is random. Elements are written as value.h says.
Result<HostArray> ParseArrayValue(std::string_view text, const DataType& type);

}  // namespace einkorn::command
