#include "tools/number.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <optional>

namespace einkorn::command {
namespace {

struct IntegerText {
  bool negative = false;
  bool too_long = false;  // beyond 127 bits: in no type
  UInt128 magnitude = 0;

  Int128 value() const {
    return negative ? -static_cast<Int128>(magnitude) : static_cast<Int128>(magnitude);
  }
};

std::optional<int> DigitOf(char c, int base) {
  int digit = -1;
  if (c >= '0' && c <= '9') digit = c - '0';
  if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') digit = c - 'A' + 10;
  if (digit < 0 || digit >= base) return std::nullopt;
  return digit;
}

// Nothing if the text does not have the form of an integer.
std::optional<IntegerText> ReadInteger(std::string_view text) {
  IntegerText integer;
  if (text.starts_with('-')) {
    integer.negative = true;
    text.remove_prefix(1);
  }
  int base = 10;
  if (text.starts_with("0x")) base = 16;
  if (text.starts_with("0b")) base = 2;
  if (base != 10) text.remove_prefix(2);
  if (text.empty() || text.front() == '_' || text.back() == '_') return std::nullopt;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_' && text[i - 1] != '_') continue;
    const std::optional<int> digit = DigitOf(text[i], base);
    if (!digit) return std::nullopt;
    if (integer.magnitude > (std::numeric_limits<UInt128>::max() >> 1) / unsigned(base) - 1)
      integer.too_long = true;
    else
      integer.magnitude = integer.magnitude * unsigned(base) + unsigned(*digit);
  }
  return integer;
}

// The text without its `_`; nothing unless it has the form of a decimal number or is inf or nan.
std::optional<std::string> ReadDecimal(std::string_view text) {
  std::string digits;
  size_t i = 0;
  const auto take = [&](std::string_view set) {
    if (i >= text.size() || set.find(text[i]) == std::string_view::npos) return false;
    digits += text[i++];
    return true;
  };
  const auto take_digits = [&] {
    const size_t begin = i;
    while (take("0123456789"))
      if (i + 1 < text.size() && text[i] == '_' && DigitOf(text[i + 1], 10)) ++i;
    return i > begin;
  };
  take("-");
  if (text.substr(i) == "inf" || text.substr(i) == "nan") return std::string(text);
  if (!take_digits()) return std::nullopt;
  if (take(".") && !take_digits()) return std::nullopt;
  if (take("eE")) {
    take("+-");
    if (!take_digits()) return std::nullopt;
  }
  if (i != text.size()) return std::nullopt;
  return digits;
}

// Both rounded once, straight from the text.
float FromText(const std::string& text, float) {
  return std::strtof(text.c_str(), nullptr);
}
double FromText(const std::string& text, double) {
  return std::strtod(text.c_str(), nullptr);
}

template <typename Float>
Result<uint64_t, std::string> ParseFloat(const std::string& digits, std::string_view text,
                                         ScalarType type) {
  if (digits.ends_with("nan")) return FloatBits(type, std::numeric_limits<double>::quiet_NaN());
  Float value = 0;
  // from_chars knows no locale, but leaves the value alone where it is out of range either way.
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec == std::errc::result_out_of_range) value = FromText(digits, Float{});
  const uint64_t bits = FloatBits(type, static_cast<double>(value));
  // The greatest value lies just below infinity.
  if (std::isinf(FloatValue(type, bits)) && !digits.ends_with("inf"))
    return fmt::format(
        "{} is beyond the greatest value of {}, {}; write inf if infinity is meant", text,
        TextOf(type),
        FormatScalar(type, FloatBits(type, std::numeric_limits<double>::infinity()) - 1));
  return bits;
}

// Where the imaginary part of `-3.5-0.5` begins: at the last sign that belongs to no exponent.
size_t BeginOfImaginary(std::string_view text) {
  for (size_t i = text.size(); i-- > 1;)
    if ((text[i] == '+' || text[i] == '-') && text[i - 1] != 'e' && text[i - 1] != 'E') return i;
  return 0;
}

std::string Range(ScalarType type) {
  return fmt::format("{} to {}", FormatInt128(LeastOf(type)), FormatInt128(GreatestOf(type)));
}

Result<uint64_t, std::string> ParseInteger(std::string_view text, ScalarType type) {
  const std::optional<IntegerText> integer = ReadInteger(text);
  if (integer && !integer->too_long && FitsInteger(type, integer->value()))
    return IntegerBits(type, integer->value());
  if (integer)
    return fmt::format("{} does not fit {}, which holds {}", text, TextOf(type), Range(type));
  if (ReadDecimal(text))
    return fmt::format("{} is not an integer, as {} asks for", text, TextOf(type));
  return fmt::format("`{}` is not a number of type {}", text, TextOf(type));
}

Result<uint64_t, std::string> ParseFloating(std::string_view text, ScalarType type) {
  if (const std::optional<IntegerText> integer = ReadInteger(text)) {
    if (integer->magnitude == 0 && integer->negative && !integer->too_long)
      return FloatBits(type, -0.0);
    const auto exact = integer->too_long ? Result<uint64_t, std::string>(std::string())
                                         : ExactNumber(integer->value(), type);
    if (exact) return exact;
    return fmt::format("{} has no exact value in {}; write it with a decimal point to round it",
                       text, TextOf(type));
  }
  const std::optional<std::string> digits = ReadDecimal(text);
  if (!digits) return fmt::format("`{}` is not a number of type {}", text, TextOf(type));
  if (type == ScalarType::kF32) return ParseFloat<float>(*digits, text, type);
  return ParseFloat<double>(*digits, text, type);
}

}  // namespace

Result<ComplexBits, std::string> ParseComplex(std::string_view text, ScalarType part) {
  std::string_view real = text, imaginary = "0";
  if (text.ends_with('i')) {
    imaginary = text.substr(0, text.size() - 1);
    const size_t begin = BeginOfImaginary(imaginary);
    real = begin == 0 ? "0" : imaginary.substr(0, begin);
    imaginary.remove_prefix(begin);
    if (begin > 0 && imaginary.starts_with('+')) imaginary.remove_prefix(1);
  }
  for (const std::string_view number : {real, imaginary})
    if (!ReadInteger(number) && !ReadDecimal(number))
      return fmt::format("`{}` is not a complex number; those are written 1.5, 2i and 1+2i", text);
  const auto re = ParseNumber(real, part), im = ParseNumber(imaginary, part);
  if (!re) return re.error();
  if (!im) return im.error();
  return ComplexBits{*re, *im};
}

Result<uint64_t, std::string> ExactNumber(Int128 value, ScalarType type) {
  const std::string text = FormatInt128(value);
  switch (InfoOf(type).scalar_class) {
    case ScalarClass::kBoolean:
      return fmt::format("{} is not a bool; those are true and false", text);
    case ScalarClass::kSigned:
    case ScalarClass::kUnsigned:
      if (FitsInteger(type, value)) return IntegerBits(type, value);
      return fmt::format("{} does not fit {}, which holds {}", text, TextOf(type), Range(type));
    case ScalarClass::kStorage:
    case ScalarClass::kFloat:
      break;
  }
  const double rounded = FloatValue(type, FloatBits(type, static_cast<double>(value)));
  if (std::abs(rounded) < 0x1p127 && static_cast<Int128>(rounded) == value)
    return FloatBits(type, rounded);
  return fmt::format("{} has no exact value in {}", text, TextOf(type));
}

Result<uint64_t, std::string> ParseNumber(std::string_view text, ScalarType type) {
  switch (InfoOf(type).scalar_class) {
    case ScalarClass::kBoolean:
      if (text == "true") return uint64_t{1};
      if (text == "false") return uint64_t{0};
      return fmt::format("`{}` is not a bool; those are true and false", text);
    case ScalarClass::kSigned:
    case ScalarClass::kUnsigned:
      return ParseInteger(text, type);
    case ScalarClass::kStorage:
    case ScalarClass::kFloat:
      return ParseFloating(text, type);
  }
  return std::string();
}

}  // namespace einkorn::command
