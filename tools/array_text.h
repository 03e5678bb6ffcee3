// Arrays as text for people.
#pragma once

#include <string>

#include "tools/host_array.h"

namespace einkorn::command {

/// As NumPy's `str` (2.3) shows the array with its default options: eight digits behind the point,
/// lines of 75 columns, more than 1000 elements summarised by the three at each edge. Complex
/// numbers end in `i`, structs are shown as the language writes them.
std::string FormatArray(const HostArray& array);

}  // namespace einkorn::command
