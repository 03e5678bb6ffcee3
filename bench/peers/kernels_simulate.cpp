// Physics, pictures and chance.
#include "kernels.h"

namespace {

template <typename T>
void Mandelbrot(i64 n, i32 limit, i32* RESTRICT picture_) {
  const View2<i32> picture{picture_, n, n};
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) {
      const T cr = T(-2) + T(2.5) * T(j) / T(n), ci = T(-1.25) + T(2.5) * T(i) / T(n);
      T zr = 0, zi = 0;
      i32 k = 0;
      while (k < limit && zr * zr + zi * zi <= 4) {
        const T next = zr * zr - zi * zi + cr;
        zi = 2 * zr * zi + ci;
        zr = next;
        ++k;
      }
      picture(i, j) = k;
    }
}

template <typename T>
void Attract(i64 n, const T* RESTRICT x_, const T* RESTRICT y_, const T* RESTRICT z_,
             const T* RESTRICT mass_, T* RESTRICT ax_, T* RESTRICT ay_, T* RESTRICT az_) {
  const View1<const T> x{x_, n}, y{y_, n}, z{z_, n}, mass{mass_, n};
  const View1<T> ax{ax_, n}, ay{ay_, n}, az{az_, n};
  for (i64 i = 0; i < n; ++i) {
    T sx = 0, sy = 0, sz = 0;
    for (i64 j = 0; j < n; ++j) {
      const T dx = x(j) - x(i), dy = y(j) - y(i), dz = z(j) - z(i);
      const T inverse = 1 / std::sqrt(dx * dx + dy * dy + dz * dz + T(0.01));
      const T pull = mass(j) * inverse * inverse * inverse;
      sx += pull * dx;
      sy += pull * dy;
      sz += pull * dz;
    }
    ax(i) = sx;
    ay(i) = sy;
    az(i) = sz;
  }
}

// Mixes the bits of a number: a hash by C. Wellons, "lowbias32".
u32 Mixed(u32 x) {
  x ^= x >> 16;
  x *= 0x7feb352dU;
  x ^= x >> 15;
  x *= 0x846ca68bU;
  return x ^ x >> 16;
}

// In [0, 1).
f32 Chance(u32 counter) {
  return static_cast<f32>(Mixed(counter) >> 8) * 0x1p-24F;
}

}  // namespace

KERNEL void mandel_f32(i64 n, i32 limit, i32* picture) {
  Mandelbrot<f32>(n, limit, picture);
}
KERNEL void mandel_f64(i64 n, i32 limit, i32* picture) {
  Mandelbrot<f64>(n, limit, picture);
}

KERNEL void nbody_f32(i64 n, const f32* x, const f32* y, const f32* z, const f32* mass, f32* ax,
                      f32* ay, f32* az) {
  Attract(n, x, y, z, mass, ax, ay, az);
}
KERNEL void nbody_f64(i64 n, const f64* x, const f64* y, const f64* z, const f64* mass, f64* ax,
                      f64* ay, f64* az) {
  Attract(n, x, y, z, mass, ax, ay, az);
}

KERNEL i64 mcpi(i64 n) {
  i64 inside = 0;
  for (i64 i = 0; i < n; ++i) {
    const f32 x = Chance(static_cast<u32>(2 * i)), y = Chance(static_cast<u32>(2 * i + 1));
    inside += x * x + y * y <= 1;
  }
  return inside;
}
