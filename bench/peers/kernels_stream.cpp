// Loops over arrays that touch each element once or twice.
#include "kernels.h"

namespace {

template <typename T>
void Saxpy(i64 n, T a, const T* RESTRICT x_, T* RESTRICT y_) {
  const View1<const T> x{x_, n};
  const View1<T> y{y_, n};
  for (i64 i = 0; i < n; ++i) y(i) += a * x(i);
}

template <typename T>
T Total(i64 n, const T* RESTRICT x_) {
  const View1<const T> x{x_, n};
  T sum = 0;
  for (i64 i = 0; i < n; ++i) sum += x(i);
  return sum;
}

template <typename T>
T Dot(i64 n, const T* RESTRICT x_, const T* RESTRICT y_) {
  const View1<const T> x{x_, n}, y{y_, n};
  T sum = 0;
  for (i64 i = 0; i < n; ++i) sum += x(i) * y(i);
  return sum;
}

// The normal distribution by Abramowitz and Stegun, 26.2.17.
template <typename T>
T Distribution(T d) {
  const T k = 1 / (1 + T(0.2316419) * std::fabs(d));
  const T series =
      T(0.31938153) +
      k * (T(-0.356563782) + k * (T(1.781477937) + k * (T(-1.821255978) + k * T(1.330274429))));
  const T tail = T(0.3989422804014327) * std::exp(T(-0.5) * d * d) * (k * series);
  return d > 0 ? 1 - tail : tail;
}

template <typename T>
void BlackScholes(i64 n, const T* RESTRICT price_, const T* RESTRICT strike_,
                  const T* RESTRICT years_, T* RESTRICT call_, T* RESTRICT put_) {
  const View1<const T> price{price_, n}, strike{strike_, n}, years{years_, n};
  const View1<T> call{call_, n}, put{put_, n};
  const T rate = T(0.02), volatility = T(0.3);
  for (i64 i = 0; i < n; ++i) {
    const T root = std::sqrt(years(i));
    const T drift = (rate + T(0.5) * volatility * volatility) * years(i);
    const T d1 = (std::log(price(i) / strike(i)) + drift) / (volatility * root);
    const T d2 = d1 - volatility * root;
    const T c1 = Distribution(d1), c2 = Distribution(d2);
    const T discounted = strike(i) * std::exp(-rate * years(i));
    call(i) = price(i) * c1 - discounted * c2;
    put(i) = discounted * (1 - c2) - price(i) * (1 - c1);
  }
}

}  // namespace

KERNEL void saxpy_f32(i64 n, f32 a, const f32* x, f32* y) {
  Saxpy(n, a, x, y);
}
KERNEL void saxpy_f64(i64 n, f64 a, const f64* x, f64* y) {
  Saxpy(n, a, x, y);
}

KERNEL f32 sum_f32(i64 n, const f32* x) {
  return Total(n, x);
}
KERNEL f64 sum_f64(i64 n, const f64* x) {
  return Total(n, x);
}
KERNEL i32 sum_i32(i64 n, const i32* x) {
  return Total(n, x);
}
KERNEL i64 sum_i64(i64 n, const i64* x) {
  return Total(n, x);
}

KERNEL f32 dot_f32(i64 n, const f32* x, const f32* y) {
  return Dot(n, x, y);
}
KERNEL f64 dot_f64(i64 n, const f64* x, const f64* y) {
  return Dot(n, x, y);
}

KERNEL void scan(i64 n, const i64* RESTRICT x_, i64* RESTRICT y_) {
  const View1<const i64> x{x_, n};
  const View1<i64> y{y_, n};
  i64 sum = 0;
  for (i64 i = 0; i < n; ++i) {
    sum += x(i);
    y(i) = sum;
  }
}

KERNEL void black_scholes_f32(i64 n, const f32* price, const f32* strike, const f32* years,
                              f32* call, f32* put) {
  BlackScholes(n, price, strike, years, call, put);
}
KERNEL void black_scholes_f64(i64 n, const f64* price, const f64* strike, const f64* years,
                              f64* call, f64* put) {
  BlackScholes(n, price, strike, years, call, put);
}

// BabelStream's five; its dot is `dot_f64`.
KERNEL void copy(i64 n, const f64* RESTRICT a_, f64* RESTRICT c_) {
  const View1<const f64> a{a_, n};
  const View1<f64> c{c_, n};
  for (i64 i = 0; i < n; ++i) c(i) = a(i);
}

KERNEL void scale(i64 n, f64 s, f64* RESTRICT b_, const f64* RESTRICT c_) {
  const View1<f64> b{b_, n};
  const View1<const f64> c{c_, n};
  for (i64 i = 0; i < n; ++i) b(i) = s * c(i);
}

KERNEL void add(i64 n, const f64* RESTRICT a_, const f64* RESTRICT b_, f64* RESTRICT c_) {
  const View1<const f64> a{a_, n}, b{b_, n};
  const View1<f64> c{c_, n};
  for (i64 i = 0; i < n; ++i) c(i) = a(i) + b(i);
}

KERNEL void triad(i64 n, f64 s, f64* RESTRICT a_, const f64* RESTRICT b_, const f64* RESTRICT c_) {
  const View1<f64> a{a_, n};
  const View1<const f64> b{b_, n}, c{c_, n};
  for (i64 i = 0; i < n; ++i) a(i) = b(i) + s * c(i);
}

KERNEL void arc_distance(i64 n, const f64* RESTRICT theta1_, const f64* RESTRICT phi1_,
                         const f64* RESTRICT theta2_, const f64* RESTRICT phi2_, f64* RESTRICT d_) {
  const View1<const f64> theta1{theta1_, n}, phi1{phi1_, n}, theta2{theta2_, n}, phi2{phi2_, n};
  const View1<f64> d{d_, n};
  for (i64 i = 0; i < n; ++i) {
    const f64 up = std::sin(0.5 * (theta2(i) - theta1(i)));
    const f64 along = std::sin(0.5 * (phi2(i) - phi1(i)));
    const f64 h = up * up + std::cos(theta1(i)) * std::cos(theta2(i)) * (along * along);
    d(i) = 2 * std::atan2(std::sqrt(h), std::sqrt(1 - h));
  }
}

KERNEL void softmax(i64 rows, i64 n, const f32* RESTRICT x_, f32* RESTRICT y_) {
  const View2<const f32> x{x_, rows, n};
  const View2<f32> y{y_, rows, n};
  for (i64 r = 0; r < rows; ++r) {
    f32 highest = x(r, 0);
    for (i64 i = 1; i < n; ++i) highest = std::max(highest, x(r, i));
    f32 sum = 0;
    for (i64 i = 0; i < n; ++i) {
      y(r, i) = std::exp(x(r, i) - highest);
      sum += y(r, i);
    }
    for (i64 i = 0; i < n; ++i) y(r, i) /= sum;
  }
}

KERNEL void go_fast(i64 n, const f64* RESTRICT a_, f64* RESTRICT y_) {
  const View2<const f64> a{a_, n, n};
  const View2<f64> y{y_, n, n};
  f64 trace = 0;
  for (i64 i = 0; i < n; ++i) trace += std::tanh(a(i, i));
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) y(i, j) = a(i, j) + trace;
}

KERNEL void clip(i64 n, f32 low, f32 high, const f32* RESTRICT x_, f32* RESTRICT y_) {
  const View1<const f32> x{x_, n};
  const View1<f32> y{y_, n};
  for (i64 i = 0; i < n; ++i) y(i) = std::min(std::max(x(i), low), high);
}
