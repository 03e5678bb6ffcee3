// NumPy's .npy files: one array each.
#pragma once

#include <string>

#include "base/result.h"
#include "tools/host_array.h"

namespace einkorn::command {

/// Reads versions 1, 2 and 3, little-endian, in row-major or column-major order (which stays as it
/// is, as strides). Elements are scalars, complex numbers, or structs whose fields lie as the file
/// has them (ConvertElements lays them out for a kernel). Refused, with what was found: element
/// types the language does not have, big-endian data, more than eight dimensions, a length that
/// does not agree with the header.
Result<HostArray> ReadNpy(const std::string& path);

/// The bytes of a file in front of the elements, which follow as they lie in `array`. Of structs,
/// bytes between and behind the fields are said to be padding, so that NumPy has them at the
/// offsets of `numpy.dtype(…, align=True)`.
std::string NpyHeader(const HostArray& array);

}  // namespace einkorn::command
