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

namespace {

struct Vector {
  f32 x, y, z;
};
Vector operator+(Vector a, Vector b) {
  return {a.x + b.x, a.y + b.y, a.z + b.z};
}
Vector operator-(Vector a, Vector b) {
  return {a.x - b.x, a.y - b.y, a.z - b.z};
}
Vector operator*(f32 s, Vector a) {
  return {s * a.x, s * a.y, s * a.z};
}
f32 Dot(Vector a, Vector b) {
  return a.x * b.x + a.y * b.y + a.z * b.z;
}
Vector Cross(Vector a, Vector b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
Vector Normalized(Vector v) {
  const f32 length = std::sqrt(Dot(v, v));
  return length > 1e-9F ? Vector{v.x / length, v.y / length, v.z / length} : v;
}

struct Hit {
  f32 distance;
  Vector point, normal;
};

// The nearer of a hit and of where a ray meets a sphere.
Hit WithSphere(Hit hit, Vector origin, Vector direction, Vector center, f32 radius) {
  const Vector from_center = origin - center;
  const f32 b = Dot(from_center, direction);
  const f32 c = Dot(from_center, from_center) - radius * radius;
  const f32 d = b * b - c;
  if (d <= 0) return hit;
  const f32 t = -b - std::sqrt(d);
  if (t <= 0 || t >= hit.distance) return hit;
  const Vector point = origin + t * direction;
  return {t, point, Normalized(point - center)};
}

Hit WithFloor(Hit hit, Vector origin, Vector direction) {
  if (std::fabs(direction.y) < 1e-9F) return hit;
  const f32 t = (-0.5F - origin.y) / direction.y;
  if (t <= 0 || t >= hit.distance) return hit;
  return {t, origin + t * direction, {0, 1, 0}};
}

Hit Nearest(Vector origin, Vector direction) {
  Hit hit{1e30F, {0, 0, 0}, {0, 0, 0}};
  hit = WithSphere(hit, origin, direction, {-2, 0, -3.5F}, 0.5F);
  hit = WithSphere(hit, origin, direction, {-0.5F, 0, -3}, 0.5F);
  hit = WithSphere(hit, origin, direction, {1, 0, -2.2F}, 0.5F);
  return WithFloor(hit, origin, direction);
}

// The share of the half space above a hit that nothing is in the way of.
f32 Openness(const Hit& hit, u32 seed) {
  constexpr i64 kSamples = 8;
  constexpr f32 kPi = 3.1415926535F;
  const Vector side = std::fabs(hit.normal.x) < 0.6F ? Vector{1, 0, 0} : Vector{0, 1, 0};
  const Vector across = Normalized(Cross(side, hit.normal));
  const Vector along = Cross(hit.normal, across);
  const Vector origin = hit.point + 1e-4F * hit.normal;
  i64 open = 0;
  for (i64 k = 0; k < kSamples * kSamples; ++k) {
    const u32 counter = seed + static_cast<u32>(2 * k);
    const f32 r = std::sqrt(Chance(counter)), phi = 2 * kPi * Chance(counter + 1);
    const f32 up = std::sqrt(1 - r * r);
    const Vector direction =
        r * std::cos(phi) * across + r * std::sin(phi) * along + up * hit.normal;
    if (Nearest(origin, direction).distance >= 1e30F) ++open;
  }
  return static_cast<f32>(open) / static_cast<f32>(kSamples * kSamples);
}

}  // namespace

KERNEL void aobench(i64 h, i64 w, f32* RESTRICT picture_) {
  const View2<f32> picture{picture_, h, w};
  for (i64 y = 0; y < h; ++y)
    for (i64 x = 0; x < w; ++x) {
      const f32 px = 2 * static_cast<f32>(x) / static_cast<f32>(w) - 1;
      const f32 py = 1 - 2 * static_cast<f32>(y) / static_cast<f32>(h);
      const Hit hit = Nearest({0, 0, 0}, Normalized({px, py, -1}));
      const u32 seed = static_cast<u32>(y * w + x) * 128;
      picture(y, x) = hit.distance < 1e30F ? Openness(hit, seed) : 0;
    }
}

KERNEL void binomial(i64 n, const f64* RESTRICT price_, const f64* RESTRICT strike_,
                     const f64* RESTRICT years_, f64* RESTRICT value_) {
  constexpr i64 kSteps = 512;
  const View1<const f64> price{price_, n}, strike{strike_, n}, years{years_, n};
  const View1<f64> value{value_, n};
  for (i64 i = 0; i < n; ++i) {
    const f64 time = years(i) / kSteps;
    const f64 up = std::exp(0.3 * std::sqrt(time)), growth = std::exp(0.02 * time);
    const f64 chance_up = (growth - 1 / up) / (up - 1 / up);
    const f64 kept = chance_up / growth, lost = (1 - chance_up) / growth;
    f64 memory[kSteps + 1];
    const View1<f64> tree{memory, kSteps + 1};
    f64 here = price(i) * std::pow(up, -static_cast<f64>(kSteps));
    for (i64 k = 0; k <= kSteps; ++k) {
      tree(k) = std::max(here - strike(i), 0.0);
      here *= up * up;
    }
    for (i64 step = 0; step < kSteps; ++step)
      for (i64 k = 0; k < kSteps - step; ++k) tree(k) = kept * tree(k + 1) + lost * tree(k);
    value(i) = tree(0);
  }
}

KERNEL void ising(i64 n, i64 sweeps, const f32* RESTRICT likely_, i8* RESTRICT spins_) {
  const View1<const f32> likely{likely_, 9};
  const View2<i8> spins{spins_, n, n};
  for (i64 sweep = 0; sweep < sweeps; ++sweep)
    for (i64 color = 0; color < 2; ++color)
      for (i64 i = 0; i < n; ++i)
        for (i64 j = (i + color) % 2; j < n; j += 2) {
          const i32 around = spins((i + n - 1) % n, j) + spins((i + 1) % n, j) +
                             spins(i, (j + n - 1) % n) + spins(i, (j + 1) % n);
          const u32 counter = static_cast<u32>((sweep * n + i) * n + j);
          if (Chance(counter) < likely(spins(i, j) * around + 4))
            spins(i, j) = static_cast<i8>(-spins(i, j));
        }
}

KERNEL i64 poisson_disk(i64 most, i64 cells, f64 radius, f64* RESTRICT x_, f64* RESTRICT y_,
                        i32* RESTRICT active_, i32* RESTRICT grid_) {
  const View1<f64> x{x_, most}, y{y_, most};
  const View1<i32> active{active_, most};
  const View2<i32> grid{grid_, cells, cells};
  for (i64 i = 0; i < cells; ++i)
    for (i64 j = 0; j < cells; ++j) grid(i, j) = -1;
  const f64 scale = static_cast<f64>(cells);
  u32 counter = 0;
  x(0) = y(0) = 0.5;
  grid(cells / 2, cells / 2) = 0;
  active(0) = 0;
  i64 found = 1, waiting = 1;
  while (waiting > 0) {
    const i64 chosen = static_cast<i64>(f64{Chance(counter++)} * static_cast<f64>(waiting));
    const i32 from = active(chosen);
    bool is_placed = false;
    for (int attempt = 0; attempt < 30; ++attempt) {
      // Between one and two radii away.
      const f64 dx = 4 * radius * f64{Chance(counter)} - 2 * radius;
      const f64 dy = 4 * radius * f64{Chance(counter + 1)} - 2 * radius;
      counter += 2;
      const f64 distance = dx * dx + dy * dy, px = x(from) + dx, py = y(from) + dy;
      if (distance >= 4 * radius * radius || distance < radius * radius) continue;
      if (px < 0 || px >= 1 || py < 0 || py >= 1) continue;
      const i64 i = static_cast<i64>(py * scale), j = static_cast<i64>(px * scale);
      bool is_free = true;
      for (i64 v = std::max<i64>(i - 2, 0); v < std::min(i + 3, cells); ++v)
        for (i64 u = std::max<i64>(j - 2, 0); u < std::min(j + 3, cells); ++u) {
          const i32 other = grid(v, u);
          if (other < 0) continue;
          const f64 ox = x(other) - px, oy = y(other) - py;
          if (ox * ox + oy * oy < radius * radius) is_free = false;
        }
      if (!is_free || found >= most) continue;
      x(found) = px;
      y(found) = py;
      grid(i, j) = static_cast<i32>(found);
      active(waiting++) = static_cast<i32>(found++);
      is_placed = true;
      break;
    }
    if (!is_placed) active(chosen) = active(--waiting);
  }
  return found;
}

KERNEL void gpairs(i64 n, i64 bins, const f64* RESTRICT x1_, const f64* RESTRICT y1_,
                   const f64* RESTRICT z1_, const f64* RESTRICT w1_, const f64* RESTRICT x2_,
                   const f64* RESTRICT y2_, const f64* RESTRICT z2_, const f64* RESTRICT w2_,
                   const f64* RESTRICT radii_, f64* RESTRICT pairs_) {
  const View1<const f64> x1{x1_, n}, y1{y1_, n}, z1{z1_, n}, w1{w1_, n};
  const View1<const f64> x2{x2_, n}, y2{y2_, n}, z2{z2_, n}, w2{w2_, n}, radii{radii_, bins};
  const View1<f64> pairs{pairs_, bins};
  for (i64 k = 0; k < bins; ++k) pairs(k) = 0;
  for (i64 i = 0; i < n; ++i)
    for (i64 j = 0; j < n; ++j) {
      const f64 dx = x1(i) - x2(j), dy = y1(i) - y2(j), dz = z1(i) - z2(j);
      const f64 distance = dx * dx + dy * dy + dz * dz, weight = w1(i) * w2(j);
      for (i64 k = bins - 1; k >= 0 && distance <= radii(k); --k) pairs(k) += weight;
    }
}
