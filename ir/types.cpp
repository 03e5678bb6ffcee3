#include "ir/types.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

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

// A storage type as IEEE 754 binary16 and bfloat16 have it.
struct StorageFormat {
  int fraction_bits;
  int bias;
  int max_exponent;  // the biased exponent of infinities
};

StorageFormat FormatOf(ScalarType type) {
  return type == ScalarType::kF16 ? StorageFormat{10, 15, 31} : StorageFormat{7, 127, 255};
}

double StorageValue(ScalarType type, uint64_t bits) {
  const StorageFormat format = FormatOf(type);
  const auto fraction = static_cast<int>(bits & ((uint64_t{1} << format.fraction_bits) - 1));
  const int exponent = static_cast<int>(bits >> format.fraction_bits) & format.max_exponent;
  const double sign = (bits >> 15) != 0 ? -1 : 1;
  if (exponent == format.max_exponent)
    return fraction != 0 ? std::nan("") : sign * std::numeric_limits<double>::infinity();
  const int whole = exponent == 0 ? fraction : fraction | (1 << format.fraction_bits);
  return sign * std::ldexp(whole, std::max(exponent, 1) - format.bias - format.fraction_bits);
}

uint64_t StorageBits(ScalarType type, double value) {
  const StorageFormat format = FormatOf(type);
  const auto infinity = static_cast<uint64_t>(format.max_exponent) << format.fraction_bits;
  if (std::isnan(value)) return infinity | uint64_t{1} << (format.fraction_bits - 1);
  const uint64_t sign = std::signbit(value) ? 0x8000 : 0;
  if (std::isinf(value)) return sign | infinity;
  // In units of the last place the value is rounded to an integer; the carry of a rounding that
  // reaches the next power of two, or infinity, moves into the exponent by itself.
  const int exponent = value == 0 ? 1 : std::max(std::ilogb(value) + format.bias, 1);
  if (exponent >= format.max_exponent) return sign | infinity;
  const double units = std::ldexp(std::abs(value), format.fraction_bits + format.bias - exponent);
  const auto rounded = static_cast<uint64_t>(std::nearbyint(units));
  return sign | ((static_cast<uint64_t>(exponent - 1) << format.fraction_bits) + rounded);
}

// The fewest digits that read back to the same value of a storage type, as the float of them.
std::string FormatStorage(ScalarType type, uint64_t bits) {
  const double value = StorageValue(type, bits);
  char buffer[64];
  for (int digits = 0; std::isfinite(value); ++digits) {
    const auto end =
        std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific, digits);
    double read = 0;
    std::from_chars(buffer, end.ptr, read);
    if (StorageBits(type, read) == bits) return FormatFloat(read);
  }
  return FormatFloat(value);
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
  if (IsStorage(type)) return StorageValue(type, bits);
  if (type == ScalarType::kF32) return std::bit_cast<float>(static_cast<uint32_t>(bits));
  return std::bit_cast<double>(bits);
}

uint64_t FloatBits(ScalarType type, double value) {
  if (IsStorage(type)) return StorageBits(type, value);
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
    case ScalarClass::kStorage:
      return FormatStorage(type, bits);
    case ScalarClass::kFloat:
      if (type == ScalarType::kF32)
        return FormatFloat(std::bit_cast<float>(static_cast<uint32_t>(bits)));
      return FormatFloat(std::bit_cast<double>(bits));
  }
  return {};
}

bool IsNan(ScalarType type, uint64_t bits) {
  return IsFloatOrStorage(type) && std::isnan(FloatValue(type, bits));
}

bool SameValue(ScalarType type, uint64_t left, uint64_t right) {
  if (left == right) return true;
  return IsNan(type, left) && IsNan(type, right);
}

}  // namespace einkorn
