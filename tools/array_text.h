// Arrays as text.
#pragma once

#include <string>

#include "tools/host_array.h"

namespace einkorn::command {

/// As NumPy's `str` (2.3) shows the array with its default options: eight digits behind the point,
/// lines of 75 columns, more than 1000 elements summarised by the three at each edge.
std::string FormatArray(const HostArray& array);

/// As nested JSON lists of all elements. Floats are the shortest decimal that reads back to the
/// same value; JSON has no infinities and NaN, they are the strings "inf", "-inf", "nan".
std::string FormatArrayJson(const HostArray& array);

/// One scalar in the same form.
std::string FormatScalarJson(ScalarType type, uint64_t bits);

}  // namespace einkorn::command
