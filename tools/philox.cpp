#include "tools/philox.h"

namespace einkorn::command {

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  constexpr uint64_t kFirstMultiplier = 0xD2511F53, kSecondMultiplier = 0xCD9E8D57;
  constexpr uint32_t kFirstWeyl = 0x9E3779B9, kSecondWeyl = 0xBB67AE85;
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds; ++round) {
    const uint64_t first = kFirstMultiplier * counter[0];
    const uint64_t second = kSecondMultiplier * counter[2];
    counter = {
        static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
        static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
    key = {key[0] + kFirstWeyl, key[1] + kSecondWeyl};
  }
  return counter;
}

uint64_t RandomElement(ScalarType type, uint64_t seed, uint64_t index) {
  const auto low = [](uint64_t value) { return static_cast<uint32_t>(value); };
  const auto high = [](uint64_t value) { return static_cast<uint32_t>(value >> 32); };
  const auto words = Philox4x32({low(index), high(index), 0, 0}, {low(seed), high(seed)});
  const uint64_t pair = (uint64_t{words[1]} << 32) | words[0];
  if (type == ScalarType::kF16) return FloatBits(type, (words[0] >> 21) * 0x1p-11);
  if (type == ScalarType::kBF16) return FloatBits(type, (words[0] >> 24) * 0x1p-8);
  if (type == ScalarType::kF32)
    return FloatBits(type, static_cast<double>(words[0] >> 8) * 0x1p-24);
  if (type == ScalarType::kF64) return FloatBits(type, static_cast<double>(pair >> 11) * 0x1p-53);
  return Canonical(type, pair);
}

}  // namespace einkorn::command
