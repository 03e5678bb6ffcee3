// Random choices, the same for the same seed on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string_view>

#include "ir/types.h"

namespace einkorn::fuzz {

class Choices {
 public:
  explicit Choices(uint64_t seed) : random_(seed) {}
  /// Depends on the seed and a name only.
  Choices(uint64_t seed, std::string_view name);

  uint64_t Bits() { return random_(); }
  /// 0 to count - 1.
  size_t Below(size_t count) { return static_cast<size_t>(random_() % count); }
  /// least to greatest, both included.
  int Between(int least, int greatest) {
    return least + static_cast<int>(Below(static_cast<size_t>(greatest - least + 1)));
  }
  bool Chance(int percent) { return Between(0, 99) < percent; }
  template <typename Container>
  auto& Of(Container& container) {
    return container[Below(std::size(container))];
  }

 private:
  std::mt19937_64 random_;
};

/// The bits of a small value.
uint64_t SmallValue(Choices& choices, ScalarType type);
/// The bits of a value at which operations are likely to be wrong: 0, 1, -1, the ends of the type
/// and their neighbours, NaN, infinities, subnormal numbers, -0.0.
uint64_t EdgeValue(Choices& choices, ScalarType type);

}  // namespace einkorn::fuzz
