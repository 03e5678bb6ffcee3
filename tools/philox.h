// Philox4x32-10, the counter-based random number generator of the language (docs/determinism.md).
//
// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
// 3", SC 2011. Ten rounds of two 32-bit multiplications; no state, so element k of an array is a
// function of the seed and of k alone.
#pragma once

#include <array>
#include <cstdint>

#include "ir/types.h"

namespace einkorn::command {

/// Four random words for a 128-bit counter and a 64-bit key, low words first.
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// Element `index` of `random(…; seed=…)` as canonical bits: counter `index`, key `seed`. Floats
/// are uniform in [0, 1): f32 is the upper 24 bits of word 0 times 2^-24, f64 the upper 53 bits of
/// words 0 (low) and 1 (high) times 2^-53. Integers are the low bits of the same 64, so uniform
/// over their type.
uint64_t RandomElement(ScalarType type, uint64_t seed, uint64_t index);

}  // namespace einkorn::command
