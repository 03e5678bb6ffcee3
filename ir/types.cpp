#include "ir/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>

namespace einkorn {
namespace {

constexpr std::array<ScalarInfo, kScalarTypeCount> kScalars = {{
#define EINKORN_SCALAR(name, text, bits, type_class, numpy) \
  {text, bits, ScalarClass::k##type_class, numpy},
#include "ir/scalar_types.def"
#undef EINKORN_SCALAR
}};

template <typename Float>
std::string FormatFloat(Float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[64];
  const Float magnitude = std::abs(value);
  const bool plain = magnitude == 0 || (magnitude >= Float(1e-4) && magnitude < Float(1e16));
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value,
                                 plain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string text(buffer, end.ptr);
  // A float never looks like an integer, so that what is printed reads back as a float.
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

}  // namespace

const ScalarInfo& InfoOf(ScalarType type) {
  return kScalars[static_cast<size_t>(type)];
}

std::optional<ScalarType> ScalarTypeNamed(std::string_view text) {
  for (size_t i = 0; i < kScalars.size(); ++i)
    if (kScalars[i].text == text) return static_cast<ScalarType>(i);
  return std::nullopt;
}

std::string TextOf(Type type) {
  if (type.is_scalar()) return std::string(TextOf(type.scalar));
  return fmt::format("array<{}, {}>", TextOf(type.scalar), type.rank);
}

uint64_t Canonical(ScalarType type, uint64_t bits) {
  const int width = BitsOf(type);
  return width == 64 ? bits : bits & ((uint64_t{1} << width) - 1);
}

Int128 IntegerValue(ScalarType type, uint64_t bits) {
  if (!IsSigned(type)) return Int128(bits);
  const int unused = 64 - BitsOf(type);
  return Int128(static_cast<int64_t>(bits << unused) >> unused);
}

Int128 LeastOf(ScalarType type) {
  return IsSigned(type) ? -(Int128(1) << (BitsOf(type) - 1)) : Int128(0);
}

Int128 GreatestOf(ScalarType type) {
  return (Int128(1) << (BitsOf(type) - (IsSigned(type) ? 1 : 0))) - 1;
}

double FloatValue(ScalarType type, uint64_t bits) {
  if (type == ScalarType::kF32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

uint64_t FloatBits(ScalarType type, double value) {
  if (type == ScalarType::kF32) return std::bit_cast<uint32_t>(static_cast<float>(value));
  return std::bit_cast<uint64_t>(value);
}

std::string FormatInt128(Int128 value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  auto magnitude = negative ? UInt128(0) - UInt128(value) : UInt128(value);
  std::string digits;
  for (; magnitude != 0; magnitude /= 10) digits += static_cast<char>('0' + int(magnitude % 10));
  if (negative) digits += '-';
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string FormatScalar(ScalarType type, uint64_t bits) {
  switch (InfoOf(type).scalar_class) {
    case ScalarClass::kBoolean:
      return bits != 0 ? "true" : "false";
    case ScalarClass::kSigned:
    case ScalarClass::kUnsigned:
      return FormatInt128(IntegerValue(type, bits));
    case ScalarClass::kFloat:
      if (type == ScalarType::kF32)
        return FormatFloat(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      return FormatFloat(std::bit_cast<double>(bits));
  }
  return {};
}

bool SameValue(ScalarType type, uint64_t left, uint64_t right) {
  if (left == right) return true;
  return IsFloat(type) && std::isnan(FloatValue(type, left)) && std::isnan(FloatValue(type, right));
}

}  // namespace einkorn
