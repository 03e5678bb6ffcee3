// The mathematical functions of the library as their measurement needs them: with the promise that
// is kept, exactly, and nearly but fast.
#pragma once

#include <mpfr.h>

#include <span>
#include <string_view>

namespace einkorn::accuracy {

/// One function. The calls do not read `y` if there is one operand.
struct Function {
  std::string_view name;
  double limit;  ///< the error that is promised (docs/language.md, Functions), in ulp
  int operands;  ///< 1 or 2
  /// The value by MPFR (L. Fousse and others, "MPFR: a multiple-precision binary floating-point
  /// library with correct rounding", ACM TOMS 33, 2007), rounded away from zero, so that only zero
  /// is 0. Special values are those of C23, Annex F.
  void (*exact)(mpfr_t value, const mpfr_t x, const mpfr_t y);
  /// The C library's value in a wider type, whose error is far below one ulp of f32 or f64.
  double (*near_f32)(double x, double y);
  long double (*near_f64)(long double x, long double y);
};

/// All that are measured, in the order of docs/language.md.
std::span<const Function> Functions();

/// Null if there is none of that name.
const Function* FunctionNamed(std::string_view name);

}  // namespace einkorn::accuracy
