// Each element from its neighbours.
#include "kernels.h"

namespace {

template <typename T>
void JacobiSweep(i64 n, const T* RESTRICT a_, T* RESTRICT b_) {
  const View2<const T> a{a_, n, n};
  const View2<T> b{b_, n, n};
  for (i64 i = 1; i < n - 1; ++i)
    for (i64 j = 1; j < n - 1; ++j)
      b(i, j) = T(0.2) * (a(i, j) + a(i, j - 1) + a(i, j + 1) + a(i + 1, j) + a(i - 1, j));
}

template <typename T>
void Jacobi(i64 n, i64 steps, T* a, T* b) {
  for (i64 step = 0; step < steps; ++step) {
    JacobiSweep(n, a, b);
    JacobiSweep(n, b, a);
  }
}

template <typename T>
void HeatSweep(i64 n, const T* RESTRICT a_, T* RESTRICT b_) {
  const View3<const T> a{a_, n, n, n};
  const View3<T> b{b_, n, n, n};
  for (i64 i = 1; i < n - 1; ++i)
    for (i64 j = 1; j < n - 1; ++j)
      for (i64 k = 1; k < n - 1; ++k)
        b(i, j, k) = T(0.125) * (a(i + 1, j, k) - 2 * a(i, j, k) + a(i - 1, j, k)) +
                     T(0.125) * (a(i, j + 1, k) - 2 * a(i, j, k) + a(i, j - 1, k)) +
                     T(0.125) * (a(i, j, k + 1) - 2 * a(i, j, k) + a(i, j, k - 1)) + a(i, j, k);
}

template <typename T>
void Heat(i64 n, i64 steps, T* a, T* b) {
  for (i64 step = 0; step < steps; ++step) {
    HeatSweep(n, a, b);
    HeatSweep(n, b, a);
  }
}

void LifeStep(i64 n, const u8* RESTRICT a_, u8* RESTRICT b_) {
  const View2<const u8> a{a_, n, n};
  const View2<u8> b{b_, n, n};
  for (i64 i = 1; i < n - 1; ++i)
    for (i64 j = 1; j < n - 1; ++j) {
      const i32 around = a(i - 1, j - 1) + a(i - 1, j) + a(i - 1, j + 1) + a(i, j - 1) +
                         a(i, j + 1) + a(i + 1, j - 1) + a(i + 1, j) + a(i + 1, j + 1);
      b(i, j) = around == 3 || (around == 2 && a(i, j) == 1);
    }
}

}  // namespace

KERNEL void jacobi2d_f32(i64 n, i64 steps, f32* a, f32* b) {
  Jacobi(n, steps, a, b);
}
KERNEL void jacobi2d_f64(i64 n, i64 steps, f64* a, f64* b) {
  Jacobi(n, steps, a, b);
}

KERNEL void heat3d_f32(i64 n, i64 steps, f32* a, f32* b) {
  Heat(n, steps, a, b);
}
KERNEL void heat3d_f64(i64 n, i64 steps, f64* a, f64* b) {
  Heat(n, steps, a, b);
}

KERNEL void blur(i64 n, const u8* RESTRICT a_, u8* RESTRICT b_) {
  const View2<const u8> a{a_, n, n};
  const View2<u8> b{b_, n, n};
  for (i64 i = 3; i < n - 3; ++i)
    for (i64 j = 3; j < n - 3; ++j) {
      i32 sum = 0;
      for (i64 y = -3; y <= 3; ++y)
        for (i64 x = -3; x <= 3; ++x) sum += a(i + y, j + x);
      b(i, j) = static_cast<u8>(sum / 49);
    }
}

// An even number of steps.
KERNEL void life(i64 n, i64 steps, u8* a, u8* b) {
  for (i64 step = 0; step < steps; step += 2) {
    LifeStep(n, a, b);
    LifeStep(n, b, a);
  }
}
