// Intervals of integers, as bounds of values are computed with them.
#pragma once

#include "ir/types.h"

namespace einkorn::ir {

/// All integers from `lo` to `hi`. Beyond kUnbounded nothing is known: such an end stands for any
/// number that is further away.
struct Interval {
  static constexpr Int128 kUnbounded = Int128(1) << 125;

  Int128 lo = -kUnbounded;
  Int128 hi = kUnbounded;

  static Interval Of(Int128 value) { return {value, value}; }
  static Interval OfType(ScalarType type) { return {LeastOf(type), GreatestOf(type)}; }

  bool contains(Int128 value) const { return lo <= value && value <= hi; }
  bool is_within(const Interval& other) const { return lo >= other.lo && hi <= other.hi; }
  friend bool operator==(const Interval&, const Interval&) = default;
};

Interval operator+(const Interval& a, const Interval& b);
Interval operator-(const Interval& a);
Interval operator*(const Interval& a, const Interval& b);
/// Truncated toward zero; 0 counts as no divisor.
Interval Quotient(const Interval& a, const Interval& b);
/// What is left of that division, with the sign of a.
Interval Remainder(const Interval& a, const Interval& b);
/// The least interval with all of both.
Interval Hull(const Interval& a, const Interval& b);
/// What both have in common; a where that is nothing.
Interval Common(const Interval& a, const Interval& b);

}  // namespace einkorn::ir
