// How far results are from the exact values.
//
// MPFR is too slow for all inputs of f32, so the C library looks first, in a wider type. What may
// be a new maximum by it, and every 8191st input in any case, is computed by MPFR; only MPFR's
// errors are reported.
#pragma once

#include <mpfr.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include "bench/accuracy/functions.h"

namespace einkorn::accuracy {

/// The unsigned integer of the width of T.
template <typename T>
using Bits = std::conditional_t<sizeof(T) == 4, uint32_t, uint64_t>;

/// The power of two at or below a finite `t` >= 0; 0 for subnormal numbers.
template <typename T>
constexpr T BinadeOf(T t) {
  constexpr Bits<T> kMantissa = (Bits<T>{1} << (std::numeric_limits<T>::digits - 1)) - 1;
  return std::bit_cast<T>(std::bit_cast<Bits<T>>(t) & ~kMantissa);
}

/// The distance of the numbers of T just below `value` > 0: one ulp.
template <typename T, typename Wide>
Wide SpacingBelow(Wide value) {
  const T near = static_cast<T>(value);
  const auto bits = std::bit_cast<Bits<T>>(near) - (static_cast<Wide>(near) >= value ? 1 : 0);
  const T binade = BinadeOf(std::bit_cast<T>(static_cast<Bits<T>>(bits)));
  return std::bit_cast<T>(std::bit_cast<Bits<T>>(binade) + 1) - binade;
}

/// How far `result` is from `exact` + `rest`, in ulp of T. `rest` is what Wide could not hold. An
/// infinite result counts as the number after the largest one. Infinity if a NaN, an infinity, a
/// zero or a sign is missed: no function here crosses zero by rounding.
template <typename T, typename Wide>
Wide Ulps(T result, Wide exact, Wide rest = 0) {
  constexpr Wide kBeyond = 2 * static_cast<Wide>(BinadeOf(std::numeric_limits<T>::max()));
  constexpr Wide kWrong = std::numeric_limits<Wide>::infinity();
  if (std::isnan(result) || std::isnan(exact))
    return std::isnan(result) && std::isnan(exact) ? 0 : kWrong;
  if (std::signbit(result) != std::signbit(exact)) return kWrong;
  if (exact == 0) return result == 0 ? 0 : kWrong;
  if (std::isinf(exact)) return std::isinf(result) ? 0 : kWrong;
  const Wide magnitude = std::min(std::abs(exact), kBeyond);
  const Wide tail = magnitude == kBeyond ? 0 : std::signbit(exact) ? -rest : rest;
  const Wide given = std::min(static_cast<Wide>(std::abs(result)), kBeyond);
  return std::abs(magnitude - given + tail) / SpacingBelow<T>(magnitude);
}

/// The greatest error of some results, in ulp, and an input that has it.
struct Measurement {
  double error = 0;
  double x = 0, y = 0;
};

/// Compares results of one function of T. Made by each thread for itself.
template <typename T>
class Comparison {
 public:
  explicit Comparison(const Function& function) : function_(function) {
    mpfr_inits2(kPrecision, x_, y_, exact_, nullptr);
  }
  ~Comparison() {
    mpfr_clears(x_, y_, exact_, nullptr);
    mpfr_free_cache();  // each thread has one
  }
  Comparison(const Comparison&) = delete;
  Comparison& operator=(const Comparison&) = delete;

  /// The first of the greatest errors of `results`. It depends on nothing but the arguments.
  Measurement Compare(std::span<const T> x, std::span<const T> y, std::span<const T> results) {
    Measurement worst;
    // Whatever is below one half is the nearest number.
    Wide threshold = 0.5 - kSlack;
    for (size_t i = 0; i < results.size(); ++i) {
      if (Ulps(results[i], Near(x[i], y[i])) <= threshold && i % kSampleDistance != 0) continue;
      const double error = ExactError(x[i], y[i], results[i]);
      if (error <= worst.error) continue;
      worst = {error, x[i], y[i]};
      threshold = std::max<Wide>(0.5, error) - kSlack;
    }
    return worst;
  }

 private:
  using Wide = std::conditional_t<sizeof(T) == 4, double, long double>;
  /// What the C library's values may be off, in ulp of T: eight units of its own.
  static constexpr Wide kSlack =
      8 * std::numeric_limits<Wide>::epsilon() / std::numeric_limits<T>::epsilon();
  static constexpr size_t kSampleDistance = 8191;
  /// In bits: more than twice those of f64.
  static constexpr mpfr_prec_t kPrecision = 128;

  Wide Near(T x, T y) const {
    if constexpr (sizeof(T) == 4)
      return function_.near_f32(x, y);
    else
      return function_.near_f64(x, y);
  }

  double ExactError(T x, T y, T result) {
    mpfr_set_d(x_, x, MPFR_RNDN);
    mpfr_set_d(y_, y, MPFR_RNDN);
    function_.exact(exact_, x_, y_);
    const long double exact = mpfr_get_ld(exact_, MPFR_RNDA);
    if (!std::isfinite(exact)) return static_cast<double>(Ulps(result, exact));
    mpfr_set_ld(x_, exact, MPFR_RNDN);
    mpfr_sub(x_, exact_, x_, MPFR_RNDN);
    return static_cast<double>(Ulps(result, exact, mpfr_get_ld(x_, MPFR_RNDN)));
  }

  const Function& function_;
  mpfr_t x_, y_, exact_;
};

}  // namespace einkorn::accuracy
