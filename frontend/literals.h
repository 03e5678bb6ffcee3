// The values of number literals, from their text.
#pragma once

#include <string_view>

#include "ir/types.h"

namespace einkorn::frontend {

enum class NumberForm : uint8_t { kInvalid, kInteger, kFloat };

/// Which literal `text` is: decimal (`1_000`), hexadecimal (`0xff`) and binary (`0b101`) integers,
/// and floats with a point, an exponent or both (`1.5e-3`, `1e9`). A `_` stands between two digits.
NumberForm FormOfNumber(std::string_view text);

struct IntegerLiteral {
  UInt128 value = 0;
  bool overflow = false;  ///< the value does not fit 128 bits; `value` then means nothing
};

/// The value of integer literal `text`.
IntegerLiteral ParseIntegerLiteral(std::string_view text);

/// Bits of the decimal number `text` rounded once to `type` (f32 or f64), to nearest even: infinity
/// beyond the greatest finite value, zero below half of the least subnormal. An integer's text will
/// do.
uint64_t ParseFloatLiteral(std::string_view text, ScalarType type);

}  // namespace einkorn::frontend
