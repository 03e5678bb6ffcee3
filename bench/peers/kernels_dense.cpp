// Linear algebra on dense matrices.
#include "kernels.h"

namespace {

template <typename T>
void MultiplyByDots(i64 n, const T* RESTRICT a_, const T* RESTRICT b_, T* RESTRICT c_) {
  const View2<const T> a{a_, n, n}, b{b_, n, n};
  const View2<T> c{c_, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) {
      T sum = 0;
      for (i64 k = 0; k < n; ++k) sum += a(i, k) * b(k, j);
      c(i, j) = sum;
    }
}

template <typename T>
void MultiplyByRows(i64 n, const T* RESTRICT a_, const T* RESTRICT b_, T* RESTRICT c_) {
  const View2<const T> a{a_, n, n}, b{b_, n, n};
  const View2<T> c{c_, n, n};
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < n; ++j) c(i, j) = 0;
    for (i64 k = 0; k < n; ++k) {
      const T factor = a(i, k);
      for (i64 j = 0; j < n; ++j) c(i, j) += factor * b(k, j);
    }
  }
}

}  // namespace

KERNEL void gemm_ijk_f32(i64 n, const f32* a, const f32* b, f32* c) {
  MultiplyByDots(n, a, b, c);
}
KERNEL void gemm_ijk_f64(i64 n, const f64* a, const f64* b, f64* c) {
  MultiplyByDots(n, a, b, c);
}
KERNEL void gemm_ijk_i32(i64 n, const i32* a, const i32* b, i32* c) {
  MultiplyByDots(n, a, b, c);
}
KERNEL void gemm_ikj_f32(i64 n, const f32* a, const f32* b, f32* c) {
  MultiplyByRows(n, a, b, c);
}
KERNEL void gemm_ikj_f64(i64 n, const f64* a, const f64* b, f64* c) {
  MultiplyByRows(n, a, b, c);
}
KERNEL void gemm_ikj_i32(i64 n, const i32* a, const i32* b, i32* c) {
  MultiplyByRows(n, a, b, c);
}

KERNEL void lu(i64 n, f64* RESTRICT a_) {
  const View2<f64> a{a_, n, n};
  for (i64 k = 0; k < n; ++k)
    for (i64 i = k + 1; i < n; ++i) {
      a(i, k) /= a(k, k);
      const f64 factor = a(i, k);
      for (i64 j = k + 1; j < n; ++j) a(i, j) -= factor * a(k, j);
    }
}

KERNEL void cholesky(i64 n, f64* RESTRICT a_) {
  const View2<f64> a{a_, n, n};
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < i; ++j) {
      f64 sum = 0;
      for (i64 k = 0; k < j; ++k) sum += a(i, k) * a(j, k);
      a(i, j) = (a(i, j) - sum) / a(j, j);
    }
    f64 sum = 0;
    for (i64 k = 0; k < i; ++k) sum += a(i, k) * a(i, k);
    a(i, i) = std::sqrt(a(i, i) - sum);
  }
}

KERNEL void durbin(i64 n, const f64* RESTRICT r_, f64* RESTRICT y_) {
  const View1<const f64> r{r_, n};
  const View1<f64> y{y_, n};
  std::vector<f64> memory(n);
  const View1<f64> z{memory.data(), n};
  y(0) = -r(0);
  f64 alpha = -r(0), beta = 1;
  for (i64 k = 1; k < n; ++k) {
    beta *= 1 - alpha * alpha;
    f64 sum = 0;
    for (i64 i = 0; i < k; ++i) sum += r(k - i - 1) * y(i);
    alpha = -(r(k) + sum) / beta;
    for (i64 i = 0; i < k; ++i) z(i) = y(i) + alpha * y(k - i - 1);
    for (i64 i = 0; i < k; ++i) y(i) = z(i);
    y(k) = alpha;
  }
}

KERNEL void atax(i64 m, i64 n, const f64* RESTRICT a_, const f64* RESTRICT x_, f64* RESTRICT y_) {
  const View2<const f64> a{a_, m, n};
  const View1<const f64> x{x_, n};
  const View1<f64> y{y_, n};
  for (i64 j = 0; j < n; ++j) y(j) = 0;
  for (i64 i = 0; i < m; ++i) {
    f64 product = 0;
    for (i64 j = 0; j < n; ++j) product += a(i, j) * x(j);
    for (i64 j = 0; j < n; ++j) y(j) += a(i, j) * product;
  }
}

KERNEL void gemver(i64 n, f64 alpha, f64 beta, f64* RESTRICT a_, const f64* RESTRICT u1_,
                   const f64* RESTRICT v1_, const f64* RESTRICT u2_, const f64* RESTRICT v2_,
                   f64* RESTRICT x_, const f64* RESTRICT y_, const f64* RESTRICT z_,
                   f64* RESTRICT w_) {
  const View2<f64> a{a_, n, n};
  const View1<const f64> u1{u1_, n}, v1{v1_, n}, u2{u2_, n}, v2{v2_, n}, y{y_, n}, z{z_, n};
  const View1<f64> x{x_, n}, w{w_, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) a(i, j) += u1(i) * v1(j) + u2(i) * v2(j);
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) x(j) += beta * a(i, j) * y(i);
  for (i64 i = 0; i < n; ++i) x(i) += z(i);
  for (i64 i = 0; i < n; ++i) {
    f64 sum = 0;
    for (i64 j = 0; j < n; ++j) sum += alpha * a(i, j) * x(j);
    w(i) = sum;
  }
}

KERNEL void syrk(i64 n, i64 m, f64 alpha, f64 beta, const f64* RESTRICT a_, f64* RESTRICT c_) {
  const View2<const f64> a{a_, n, m};
  const View2<f64> c{c_, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j <= i; ++j) {
      f64 sum = 0;
      for (i64 k = 0; k < m; ++k) sum += a(i, k) * a(j, k);
      c(i, j) = beta * c(i, j) + alpha * sum;
    }
}

KERNEL void trmm(i64 m, i64 n, f64 alpha, const f64* RESTRICT a_, f64* RESTRICT b_) {
  const View2<const f64> a{a_, m, m};
  const View2<f64> b{b_, m, n};
  for (i64 i = 0; i < m; ++i) {
    for (i64 k = i + 1; k < m; ++k)
      for (i64 j = 0; j < n; ++j) b(i, j) += a(k, i) * b(k, j);
    for (i64 j = 0; j < n; ++j) b(i, j) *= alpha;
  }
}

KERNEL void two_mm(i64 n, f64 alpha, f64 beta, const f64* RESTRICT a_, const f64* RESTRICT b_,
                   const f64* RESTRICT c_, f64* RESTRICT d_) {
  const View2<const f64> a{a_, n, n}, b{b_, n, n}, c{c_, n, n};
  const View2<f64> d{d_, n, n};
  std::vector<f64> memory(n * n);
  f64* RESTRICT product_ = memory.data();
  const View2<f64> product{product_, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 k = 0; k < n; ++k) {
      const f64 factor = alpha * a(i, k);
      for (i64 j = 0; j < n; ++j) product(i, j) += factor * b(k, j);
    }
  for (i64 i = 0; i < n; ++i) {
    for (i64 j = 0; j < n; ++j) d(i, j) *= beta;
    for (i64 k = 0; k < n; ++k) {
      const f64 factor = product(i, k);
      for (i64 j = 0; j < n; ++j) d(i, j) += factor * c(k, j);
    }
  }
}

KERNEL void conv2d(i64 pictures, i64 h, i64 w, i64 inputs, i64 k, i64 channels,
                   const f32* RESTRICT x_, const f32* RESTRICT weights_, const f32* RESTRICT bias_,
                   f32* RESTRICT y_) {
  const View4<const f32> x{x_, pictures, h, w, inputs}, weights{weights_, k, k, inputs, channels};
  const View1<const f32> bias{bias_, channels};
  const View4<f32> y{y_, pictures, h - k + 1, w - k + 1, channels};
  for (i64 p = 0; p < pictures; ++p)
    for (i64 i = 0; i < h - k + 1; ++i)
      for (i64 j = 0; j < w - k + 1; ++j) {
        for (i64 c = 0; c < channels; ++c) y(p, i, j, c) = bias(c);
        for (i64 v = 0; v < k; ++v)
          for (i64 u = 0; u < k; ++u)
            for (i64 e = 0; e < inputs; ++e) {
              const f32 input = x(p, i + v, j + u, e);
              for (i64 c = 0; c < channels; ++c) y(p, i, j, c) += input * weights(v, u, e, c);
            }
      }
}
