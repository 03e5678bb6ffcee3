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

KERNEL void seidel2d(i64 n, i64 steps, f64* RESTRICT a_) {
  const View2<f64> a{a_, n, n};
  for (i64 step = 0; step < steps; ++step)
    for (i64 i = 1; i < n - 1; ++i)
      for (i64 j = 1; j < n - 1; ++j)
        a(i, j) = (a(i - 1, j - 1) + a(i - 1, j) + a(i - 1, j + 1) + a(i, j - 1) + a(i, j) +
                   a(i, j + 1) + a(i + 1, j - 1) + a(i + 1, j) + a(i + 1, j + 1)) /
                  9;
}

KERNEL void fdtd2d(i64 m, i64 n, i64 steps, f64* RESTRICT ex_, f64* RESTRICT ey_, f64* RESTRICT hz_,
                   const f64* RESTRICT source_) {
  const View2<f64> ex{ex_, m, n}, ey{ey_, m, n}, hz{hz_, m, n};
  const View1<const f64> source{source_, steps};
  for (i64 t = 0; t < steps; ++t) {
    for (i64 j = 0; j < n; ++j) ey(0, j) = source(t);
    for (i64 i = 1; i < m; ++i)
      for (i64 j = 0; j < n; ++j) ey(i, j) -= 0.5 * (hz(i, j) - hz(i - 1, j));
    for (i64 i = 0; i < m; ++i)
      for (i64 j = 1; j < n; ++j) ex(i, j) -= 0.5 * (hz(i, j) - hz(i, j - 1));
    for (i64 i = 0; i < m - 1; ++i)
      for (i64 j = 0; j < n - 1; ++j)
        hz(i, j) -= 0.7 * (ex(i, j + 1) - ex(i, j) + ey(i + 1, j) - ey(i, j));
  }
}

KERNEL void hdiff(i64 m, i64 n, i64 k, const f64* RESTRICT field_, const f64* RESTRICT coefficient_,
                  f64* RESTRICT flux_x_, f64* RESTRICT flux_y_, f64* RESTRICT laplacian_,
                  f64* RESTRICT result_) {
  const View3<const f64> field{field_, m + 4, n + 4, k}, coefficient{coefficient_, m, n, k};
  const View3<f64> flux_x{flux_x_, m + 1, n, k}, flux_y{flux_y_, m, n + 1, k};
  const View3<f64> laplacian{laplacian_, m + 2, n + 2, k}, result{result_, m, n, k};
  for (i64 i = 0; i < m + 2; ++i)
    for (i64 j = 0; j < n + 2; ++j)
      for (i64 l = 0; l < k; ++l)
        laplacian(i, j, l) =
            4 * field(i + 1, j + 1, l) - (field(i + 2, j + 1, l) + field(i, j + 1, l) +
                                          field(i + 1, j + 2, l) + field(i + 1, j, l));
  for (i64 i = 0; i < m + 1; ++i)
    for (i64 j = 0; j < n; ++j)
      for (i64 l = 0; l < k; ++l) {
        const f64 change = laplacian(i + 1, j + 1, l) - laplacian(i, j + 1, l);
        const f64 slope = field(i + 2, j + 2, l) - field(i + 1, j + 2, l);
        flux_x(i, j, l) = change * slope > 0 ? 0 : change;
      }
  for (i64 i = 0; i < m; ++i)
    for (i64 j = 0; j < n + 1; ++j)
      for (i64 l = 0; l < k; ++l) {
        const f64 change = laplacian(i + 1, j + 1, l) - laplacian(i + 1, j, l);
        const f64 slope = field(i + 2, j + 2, l) - field(i + 2, j + 1, l);
        flux_y(i, j, l) = change * slope > 0 ? 0 : change;
      }
  for (i64 i = 0; i < m; ++i)
    for (i64 j = 0; j < n; ++j)
      for (i64 l = 0; l < k; ++l) {
        const f64 flux =
            flux_x(i + 1, j, l) - flux_x(i, j, l) + flux_y(i, j + 1, l) - flux_y(i, j, l);
        result(i, j, l) = field(i + 2, j + 2, l) - coefficient(i, j, l) * flux;
      }
}

KERNEL void vadv(i64 m, i64 n, i64 k, f64 rate, f64* RESTRICT stage_, const f64* RESTRICT u_,
                 const f64* RESTRICT wind_, const f64* RESTRICT position_,
                 const f64* RESTRICT tendency_, f64* RESTRICT c_, f64* RESTRICT d_) {
  const View3<const f64> u{u_, m, n, k}, wind{wind_, m + 1, n, k}, position{position_, m, n, k};
  const View3<const f64> tendency{tendency_, m, n, k};
  const View3<f64> stage{stage_, m, n, k}, c{c_, m, n, k}, d{d_, m, n, k};
  for (i64 i = 0; i < m; ++i)
    for (i64 j = 0; j < n; ++j) {
      for (i64 l = 0; l < k; ++l) {
        const f64 below = l > 0 ? -0.25 * (wind(i + 1, j, l) + wind(i, j, l)) : 0;
        const f64 above = l < k - 1 ? 0.25 * (wind(i + 1, j, l + 1) + wind(i, j, l + 1)) : 0;
        const f64 from_below = l > 0 ? below * 0.5 * (u(i, j, l - 1) - u(i, j, l)) : 0;
        const f64 from_above = l < k - 1 ? above * 0.5 * (u(i, j, l + 1) - u(i, j, l)) : 0;
        const f64 a = below * 0.5;
        const f64 right =
            rate * position(i, j, l) + tendency(i, j, l) + stage(i, j, l) - from_below - from_above;
        const f64 before_c = l > 0 ? c(i, j, l - 1) : 0, before_d = l > 0 ? d(i, j, l - 1) : 0;
        const f64 divided = 1 / (rate - a - above * 0.5 - before_c * a);
        c(i, j, l) = above * 0.5 * divided;
        d(i, j, l) = (right - before_d * a) * divided;
      }
      f64 solution = d(i, j, k - 1);
      stage(i, j, k - 1) = rate * (solution - position(i, j, k - 1));
      for (i64 l = k - 2; l >= 0; --l) {
        solution = d(i, j, l) - c(i, j, l) * solution;
        stage(i, j, l) = rate * (solution - position(i, j, l));
      }
    }
}

namespace {

void Wrap2Step(i64 n, const f32* RESTRICT a_, f32* RESTRICT b_) {
  const View2<const f32> a{a_, n, n};
  const View2<f32> b{b_, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) {
      const i64 up = (i + n - 1) % n, down = (i + 1) % n;
      const i64 left = (j + n - 1) % n, right = (j + 1) % n;
      b(i, j) = 0.2F * (a(i, j) + a(up, j) + a(down, j) + a(i, left) + a(i, right));
    }
}

void Wrap3Step(i64 n, const f32* RESTRICT a_, f32* RESTRICT b_) {
  const View3<const f32> a{a_, n, n, n};
  const View3<f32> b{b_, n, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j)
      for (i64 k = 0; k < n; ++k) {
        const f32 around = a((i + n - 1) % n, j, k) + a((i + 1) % n, j, k) +
                           a(i, (j + n - 1) % n, k) + a(i, (j + 1) % n, k) +
                           a(i, j, (k + n - 1) % n) + a(i, j, (k + 1) % n);
        b(i, j, k) = (a(i, j, k) + around) / 7;
      }
}

}  // namespace

// An even number of steps.
KERNEL void wrap2d(i64 n, i64 steps, f32* a, f32* b) {
  for (i64 step = 0; step < steps; step += 2) {
    Wrap2Step(n, a, b);
    Wrap2Step(n, b, a);
  }
}
KERNEL void wrap3d(i64 n, i64 steps, f32* a, f32* b) {
  for (i64 step = 0; step < steps; step += 2) {
    Wrap3Step(n, a, b);
    Wrap3Step(n, b, a);
  }
}
