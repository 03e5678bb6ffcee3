#include "ir/interval.h"

#include <algorithm>
#include <array>

namespace einkorn::ir {
namespace {

constexpr Int128 kUnbounded = Interval::kUnbounded;

Int128 Cut(Int128 value) {
  return std::clamp(value, -kUnbounded, kUnbounded);
}

Int128 Product(Int128 a, Int128 b) {
  Int128 product = 0;
  if (!__builtin_mul_overflow(a, b, &product)) return Cut(product);
  return (a < 0) == (b < 0) ? kUnbounded : -kUnbounded;
}

}  // namespace

Interval operator+(const Interval& a, const Interval& b) {
  const bool has_lo = a.lo > -kUnbounded && b.lo > -kUnbounded;
  const bool has_hi = a.hi < kUnbounded && b.hi < kUnbounded;
  return {has_lo ? Cut(a.lo + b.lo) : -kUnbounded, has_hi ? Cut(a.hi + b.hi) : kUnbounded};
}

Interval operator-(const Interval& a) {
  return {-a.hi, -a.lo};
}

Interval operator*(const Interval& a, const Interval& b) {
  const auto [lo, hi] = std::minmax(
      {Product(a.lo, b.lo), Product(a.lo, b.hi), Product(a.hi, b.lo), Product(a.hi, b.hi)});
  return {lo, hi};
}

Interval Quotient(const Interval& a, const Interval& b) {
  // On either side of 0 the quotient is monotonic in both.
  Interval quotient{kUnbounded, -kUnbounded};
  for (Int128 divisor : std::array<Int128, 4>{b.lo, b.hi, -1, 1}) {
    if (divisor == 0 || !b.contains(divisor)) continue;
    for (Int128 dividend : {a.lo, a.hi})
      quotient = Hull(quotient, Interval::Of(dividend / divisor));
  }
  return quotient.lo <= quotient.hi ? quotient : Interval{};
}

Interval Remainder(const Interval& a, const Interval& b) {
  const Int128 most = std::max(Int128(1), std::max(b.hi, -b.lo)) - 1;
  const bool is_itself = a.lo >= 0 && a.hi < b.lo;
  if (is_itself) return a;
  return {a.lo >= 0 ? 0 : std::max(-most, a.lo), a.hi <= 0 ? 0 : std::min(most, a.hi)};
}

Interval Hull(const Interval& a, const Interval& b) {
  return {std::min(a.lo, b.lo), std::max(a.hi, b.hi)};
}

Interval Common(const Interval& a, const Interval& b) {
  const Interval common{std::max(a.lo, b.lo), std::min(a.hi, b.hi)};
  return common.lo <= common.hi ? common : a;
}

}  // namespace einkorn::ir
