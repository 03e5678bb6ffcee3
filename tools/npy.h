// NumPy's .npy files: one array each.
#pragma once

#include <string>

#include "base/result.h"
#include "tools/host_array.h"

namespace einkorn::command {

/// Reads versions 1, 2 and 3, little-endian, in row-major or column-major order (which stays as it
/// is, as strides). Refused, with what was found: element types the language has no scalar for,
/// big-endian data, more than eight dimensions, a length that does not agree with the header.
Result<HostArray> ReadNpy(const std::string& path);

/// The bytes of a version 1 file in front of the elements, which follow as they lie in `array`.
std::string NpyHeader(const HostArray& array);

}  // namespace einkorn::command
