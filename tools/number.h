// Numbers as they are typed on a command line, read exactly into a type or refused.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ir/types.h"

namespace einkorn::command {

/// The canonical bits of `text` as a value of `type`. Integers: decimal, `0x…`, `0b…`, with `_`
/// between digits and a sign; floats also `1.5`, `1e-3`, `inf`, `nan`; bool: `true`, `false`. An
/// integer may stand for a float if nothing is lost; a decimal one is rounded once. The error says
/// what does not fit, and the range: `300 does not fit u8, which holds 0 to 255`.
Result<uint64_t, std::string> ParseNumber(std::string_view text, ScalarType type);

/// The canonical bits of both parts.
struct ComplexBits {
  uint64_t re = 0, im = 0;
};
/// A complex number whose parts are of type `part`: `1.5`, `2i`, `1+2i`, `-3.5-0.5i`.
Result<ComplexBits, std::string> ParseComplex(std::string_view text, ScalarType part);

/// The bits of an integer as a value of `type`, if it has exactly that value there.
Result<uint64_t, std::string> ExactNumber(Int128 value, ScalarType type);

}  // namespace einkorn::command
