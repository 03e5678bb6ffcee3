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
