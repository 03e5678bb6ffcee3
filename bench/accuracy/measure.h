// Measures a function of the library as compiled code computes it, on all threads.
#pragma once

#include "bench/accuracy/comparison.h"
#include "runtime/session.h"

namespace einkorn::accuracy {

/// Every bit pattern of f32.
inline constexpr uint64_t kAllOfF32 = uint64_t{1} << 32;

/// The greatest error over `count` inputs of `type`, f32 or f64. With kAllOfF32 a function of one
/// operand gets every number of f32. Otherwise first come edges, in all pairs if there are two
/// operands, then numbers drawn from: all bit patterns; magnitudes from 2^-12 to 2^12; the
/// neighbourhood of 1, of the root of 1/2, and of integers and halves up to 200; for a second
/// operand also those as large as the first, and those that spread the power over the type. They
/// follow from `count` alone, and so does the result.
Measurement Measure(Session& session, const Function& function, ScalarType type, uint64_t count);

}  // namespace einkorn::accuracy
