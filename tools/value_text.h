// Values of every type as text: as the language writes them, and as JSON.
#pragma once

#include <string>

#include "tools/host_array.h"

namespace einkorn::command {

/// As the language writes it: `1.5`, `complex(1.0, 2.0)`, `[1.0, 2.0]`, `Pair { a: 1, b: 2 }`.
std::string FormatValue(const HostArray& value);
/// The same for the element that begins `offset` bytes behind the first one.
std::string FormatElement(const HostArray& array, int64_t offset);

/// As nested JSON lists of all elements; without dimensions just the element. Complex numbers are
/// lists `[re, im]`, structs are objects. Floats are the shortest decimal that reads back to the
/// same value; JSON has no infinities and NaN, they are the strings "inf", "-inf", "nan".
std::string FormatJson(const HostArray& array);

}  // namespace einkorn::command
