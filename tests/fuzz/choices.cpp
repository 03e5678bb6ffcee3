#include "tests/fuzz/choices.h"

#include <cmath>
#include <limits>

#include "ir/scalar.h"

namespace einkorn::fuzz {
namespace {

// FNV-1a, so that a name means the same everywhere.
uint64_t Hash(uint64_t seed, std::string_view name) {
  uint64_t hash = 0xcbf29ce484222325u ^ seed;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return hash;
}

template <typename Float>
double EdgeFloat(size_t index) {
  using Limits = std::numeric_limits<Float>;
  const Float edges[] = {Float(0.0),
                         Float(-0.0),
                         Float(1.0),
                         Float(-1.0),
                         Float(0.5),
                         std::nextafter(Float(1.0), Float(2.0)),
                         std::nextafter(Float(1.0), Float(0.0)),
                         Limits::infinity(),
                         -Limits::infinity(),
                         Limits::max(),
                         Limits::lowest(),
                         Limits::min(),
                         -Limits::min(),
                         Limits::denorm_min(),
                         -Limits::denorm_min(),
                         Float(2147483648.0),
                         Float(-9223372036854775808.0),
                         Float(18446744073709551616.0),
                         Float(255.5),
                         Float(1.0) / Limits::epsilon()};
  return static_cast<double>(edges[index % std::size(edges)]);
}

}  // namespace

Choices::Choices(uint64_t seed, std::string_view name) : random_(Hash(seed, name)) {}

uint64_t SmallValue(Choices& choices, ScalarType type) {
  if (type == ScalarType::kBool) return choices.Below(2);
  if (IsFloat(type)) return FloatBits(type, choices.Between(-16, 40) / 4.0);
  return IntegerBits(type, choices.Between(IsSigned(type) ? -3 : 0, 9));
}

uint64_t EdgeValue(Choices& choices, ScalarType type) {
  if (type == ScalarType::kBool) return choices.Below(2);
  if (IsFloat(type)) {
    const size_t index = choices.Below(21);
    if (index == 20) return CanonicalNan(type);
    return FloatBits(type,
                     type == ScalarType::kF32 ? EdgeFloat<float>(index) : EdgeFloat<double>(index));
  }
  const Int128 least = LeastOf(type), greatest = GreatestOf(type);
  const Int128 edges[] = {0, 1, -1, least, least + 1, greatest, greatest - 1, greatest / 2 + 1};
  const size_t index = choices.Below(9);
  return index == 8 ? Canonical(type, choices.Bits()) : IntegerBits(type, edges[index]);
}

}  // namespace einkorn::fuzz
