#include "bench/accuracy/functions.h"

#include <algorithm>
#include <cmath>

namespace einkorn::accuracy {
namespace {

void ReciprocalRoot(mpfr_t value, const mpfr_t x, const mpfr_t) {
  // C23 gives the pole the sign of the zero.
  if (mpfr_zero_p(x))
    mpfr_set_inf(value, mpfr_signbit(x) ? -1 : 1);
  else
    mpfr_rec_sqrt(value, x, MPFR_RNDA);
}

void Gamma(mpfr_t value, const mpfr_t x, const mpfr_t) {
  // MPFR takes for ever over numbers far below zero. There the value is zero in f32 and f64, with
  // the sign that alternates between the integers.
  if (mpfr_cmp_si(x, -2000) < 0 && !mpfr_inf_p(x) && !mpfr_integer_p(x))
    mpfr_set_zero(value, std::fmod(std::floor(mpfr_get_d(x, MPFR_RNDN)), 2) == 0 ? 1 : -1);
  else
    mpfr_gamma(value, x, MPFR_RNDA);
}

void LogGamma(mpfr_t value, const mpfr_t x, const mpfr_t) {
  int sign;
  mpfr_lgamma(value, &sign, x, MPFR_RNDA);
}

// std::lgamma writes the sign to a variable that all threads share.
double NearLogGamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}
long double NearLogGamma(long double x) {
  int sign;
  return lgammal_r(x, &sign);
}

#define EINKORN_UNARY(name, limit)                                                       \
  {#name,                                                                                \
   limit,                                                                                \
   1,                                                                                    \
   [](mpfr_t value, const mpfr_t x, const mpfr_t) { mpfr_##name(value, x, MPFR_RNDA); }, \
   [](double x, double) { return std::name(x); },                                        \
   [](long double x, long double) { return std::name(x); }}
#define EINKORN_BINARY(name, limit)                                                           \
  {#name,                                                                                     \
   limit,                                                                                     \
   2,                                                                                         \
   [](mpfr_t value, const mpfr_t x, const mpfr_t y) { mpfr_##name(value, x, y, MPFR_RNDA); }, \
   [](double x, double y) { return std::name(x, y); },                                        \
   [](long double x, long double y) { return std::name(x, y); }}

const Function kFunctions[] = {
    EINKORN_UNARY(sqrt, 0.5),
    {"rsqrt", 1, 1, ReciprocalRoot, [](double x, double) { return 1 / std::sqrt(x); },
     [](long double x, long double) { return 1 / std::sqrt(x); }},
    EINKORN_UNARY(cbrt, 1),
    EINKORN_UNARY(exp, 1),
    EINKORN_UNARY(exp2, 1),
    EINKORN_UNARY(expm1, 1),
    EINKORN_UNARY(log, 1),
    EINKORN_UNARY(log2, 1),
    EINKORN_UNARY(log10, 1),
    EINKORN_UNARY(log1p, 1),
    EINKORN_BINARY(pow, 2),
    EINKORN_UNARY(sin, 1),
    EINKORN_UNARY(cos, 1),
    EINKORN_UNARY(tan, 1),
    EINKORN_UNARY(asin, 1),
    EINKORN_UNARY(acos, 1),
    EINKORN_UNARY(atan, 1),
    EINKORN_BINARY(atan2, 1),
    EINKORN_UNARY(sinh, 1),
    EINKORN_UNARY(cosh, 1),
    EINKORN_UNARY(tanh, 1),
    EINKORN_UNARY(asinh, 1),
    EINKORN_UNARY(acosh, 1),
    EINKORN_UNARY(atanh, 1),
    EINKORN_BINARY(hypot, 1),
    EINKORN_UNARY(erf, 1),
    EINKORN_UNARY(erfc, 1),
    {"tgamma", 2, 1, Gamma, [](double x, double) { return std::tgamma(x); },
     [](long double x, long double) { return std::tgamma(x); }},
    {"lgamma", 2, 1, LogGamma, [](double x, double) { return NearLogGamma(x); },
     [](long double x, long double) { return NearLogGamma(x); }},
};
#undef EINKORN_UNARY
#undef EINKORN_BINARY

}  // namespace

std::span<const Function> Functions() {
  return kFunctions;
}

const Function* FunctionNamed(std::string_view name) {
  const auto* found = std::ranges::find(kFunctions, name, &Function::name);
  return found == std::end(kFunctions) ? nullptr : found;
}

}  // namespace einkorn::accuracy
