"""Physics, pictures and chance."""
import math

import numba
import numpy as np
from numba import prange

from numba_kernels.kernel import kernel


@kernel
def mandel(t, jit):
    left, top, size, two, four = t(-2), t(-1.25), t(2.5), t(2), t(4)

    @jit
    def run(limit, picture):
        n = picture.shape[0]
        for i in prange(n):
            for j in range(n):
                cr = left + size * t(j) / t(n)
                ci = top + size * t(i) / t(n)
                zr = t(0)
                zi = t(0)
                k = 0
                while k < limit and zr * zr + zi * zi <= four:
                    following = zr * zr - zi * zi + cr
                    zi = two * zr * zi + ci
                    zr = following
                    k += 1
                picture[i, j] = k
    return run


@kernel
def nbody(t, jit):
    zero, one, soft = t(0), t(1), t(0.01)

    @jit
    def run(x, y, z, mass, ax, ay, az):
        n = x.size
        for i in prange(n):
            sx = zero
            sy = zero
            sz = zero
            for j in range(n):
                dx = x[j] - x[i]
                dy = y[j] - y[i]
                dz = z[j] - z[i]
                inverse = one / math.sqrt(dx * dx + dy * dy + dz * dz + soft)
                pull = mass[j] * inverse * inverse * inverse
                sx += pull * dx
                sy += pull * dy
                sz += pull * dz
            ax[i] = sx
            ay[i] = sy
            az[i] = sz
    return run


@numba.njit
def mixed(x):
    x ^= x >> np.uint32(16)
    x = np.uint32(x * np.uint32(0x7FEB352D))
    x ^= x >> np.uint32(15)
    x = np.uint32(x * np.uint32(0x846CA68B))
    return np.uint32(x ^ (x >> np.uint32(16)))


@numba.njit
def chance(counter):
    return np.float32(mixed(np.uint32(counter)) >> np.uint32(8)) * np.float32(2.0 ** -24)


@kernel
def mcpi(t, jit):
    one = np.float32(1)

    @jit
    def run(n):
        inside = 0
        for i in prange(n):
            x = chance(2 * i)
            y = chance(2 * i + 1)
            inside += 1 if x * x + y * y <= one else 0
        return inside
    return run


f32 = np.float32
PI = f32(3.1415926535)


@numba.njit
def dot3(a, b):
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


@numba.njit
def plus(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@numba.njit
def minus(a, b):
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


@numba.njit
def times(s, a):
    return s * a[0], s * a[1], s * a[2]


@numba.njit
def cross3(a, b):
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


@numba.njit
def normalized(v):
    length = math.sqrt(dot3(v, v))
    if length > f32(1e-9):
        return v[0] / length, v[1] / length, v[2] / length
    return v


@numba.njit
def with_sphere(hit, origin, direction, center, radius):
    from_center = minus(origin, center)
    b = dot3(from_center, direction)
    c = dot3(from_center, from_center) - radius * radius
    d = b * b - c
    if d <= 0:
        return hit
    t = -b - math.sqrt(d)
    if t <= 0 or t >= hit[0]:
        return hit
    point = plus(origin, times(t, direction))
    return t, point, normalized(minus(point, center))


@numba.njit
def with_floor(hit, origin, direction):
    if abs(direction[1]) < f32(1e-9):
        return hit
    t = (f32(-0.5) - origin[1]) / direction[1]
    if t <= 0 or t >= hit[0]:
        return hit
    return t, plus(origin, times(t, direction)), (f32(0), f32(1), f32(0))


@numba.njit
def nearest(origin, direction):
    zero = (f32(0), f32(0), f32(0))
    half = f32(0.5)
    hit = (f32(1e30), zero, zero)
    hit = with_sphere(hit, origin, direction, (f32(-2), f32(0), f32(-3.5)), half)
    hit = with_sphere(hit, origin, direction, (f32(-0.5), f32(0), f32(-3)), half)
    hit = with_sphere(hit, origin, direction, (f32(1), f32(0), f32(-2.2)), half)
    return with_floor(hit, origin, direction)


@numba.njit
def openness(hit, seed):
    samples = 8
    if abs(hit[2][0]) < f32(0.6):
        side = (f32(1), f32(0), f32(0))
    else:
        side = (f32(0), f32(1), f32(0))
    across = normalized(cross3(side, hit[2]))
    along = cross3(hit[2], across)
    origin = plus(hit[1], times(f32(1e-4), hit[2]))
    free = 0
    for k in range(samples * samples):
        counter = np.uint32(seed + np.uint32(2 * k))
        r = math.sqrt(chance(counter))
        phi = f32(2) * PI * chance(np.uint32(counter + np.uint32(1)))
        up = math.sqrt(f32(1) - r * r)
        direction = plus(plus(times(r * math.cos(phi), across), times(r * math.sin(phi), along)),
                         times(up, hit[2]))
        if nearest(origin, direction)[0] >= f32(1e30):
            free += 1
    return f32(free) / f32(samples * samples)


@kernel
def aobench(t, jit):
    @jit
    def run(picture):
        h, w = picture.shape
        for y in prange(h):
            for x in range(w):
                px = f32(2) * f32(x) / f32(w) - f32(1)
                py = f32(1) - f32(2) * f32(y) / f32(h)
                hit = nearest((f32(0), f32(0), f32(0)), normalized((px, py, f32(-1))))
                seed = np.uint32(np.uint32(y * w + x) * np.uint32(128))
                picture[y, x] = openness(hit, seed) if hit[0] < f32(1e30) else f32(0)
    return run


@kernel
def binomial(t, jit):
    steps = 512

    @jit
    def run(price, strike, years, value):
        for i in prange(price.size):
            time = years[i] / steps
            up = math.exp(0.3 * math.sqrt(time))
            growth = math.exp(0.02 * time)
            chance_up = (growth - 1.0 / up) / (up - 1.0 / up)
            kept = chance_up / growth
            lost = (1.0 - chance_up) / growth
            tree = np.empty(steps + 1)
            here = price[i] * math.pow(up, -float(steps))
            for k in range(steps + 1):
                tree[k] = max(here - strike[i], 0.0)
                here *= up * up
            for step in range(steps):
                for k in range(steps - step):
                    tree[k] = kept * tree[k + 1] + lost * tree[k]
            value[i] = tree[0]
    return run


@kernel
def ising(t, jit):
    @jit
    def run(sweeps, likely, spins):
        n = spins.shape[0]
        for sweep in range(sweeps):
            for color in range(2):
                for i in prange(n):
                    for j in range((i + color) % 2, n, 2):
                        around = (spins[(i + n - 1) % n, j] + spins[(i + 1) % n, j]
                                  + spins[i, (j + n - 1) % n] + spins[i, (j + 1) % n])
                        counter = np.uint32((sweep * n + i) * n + j)
                        if chance(counter) < likely[spins[i, j] * around + 4]:
                            spins[i, j] = -spins[i, j]
    return run


@kernel(is_parallel=False)
def poisson_disk(t, jit):
    @jit
    def run(radius, x, y, active, grid):
        most = x.size
        cells = grid.shape[0]
        grid[:, :] = -1
        counter = 0
        x[0] = 0.5
        y[0] = 0.5
        grid[cells // 2, cells // 2] = 0
        active[0] = 0
        found = 1
        waiting = 1
        while waiting > 0:
            chosen = int(np.float64(chance(counter)) * waiting)
            counter += 1
            origin = active[chosen]
            is_placed = False
            for _ in range(30):
                dx = 4 * radius * np.float64(chance(counter)) - 2 * radius
                dy = 4 * radius * np.float64(chance(counter + 1)) - 2 * radius
                counter += 2
                distance = dx * dx + dy * dy
                px = x[origin] + dx
                py = y[origin] + dy
                if distance >= 4 * radius * radius or distance < radius * radius:
                    continue
                if px < 0 or px >= 1 or py < 0 or py >= 1:
                    continue
                i = int(py * cells)
                j = int(px * cells)
                is_free = True
                for v in range(max(i - 2, 0), min(i + 3, cells)):
                    for u in range(max(j - 2, 0), min(j + 3, cells)):
                        other = grid[v, u]
                        if other >= 0:
                            ox = x[other] - px
                            oy = y[other] - py
                            if ox * ox + oy * oy < radius * radius:
                                is_free = False
                if not is_free or found >= most:
                    continue
                x[found] = px
                y[found] = py
                grid[i, j] = found
                active[waiting] = found
                found += 1
                waiting += 1
                is_placed = True
                break
            if not is_placed:
                waiting -= 1
                active[chosen] = active[waiting]
        return found
    return run


@kernel(is_parallel=False)
def gpairs(t, jit):
    @jit
    def run(x1, y1, z1, w1, x2, y2, z2, w2, radii, pairs):
        pairs[:] = 0.0
        for i in range(x1.size):
            for j in range(x2.size):
                dx = x1[i] - x2[j]
                dy = y1[i] - y2[j]
                dz = z1[i] - z2[j]
                distance = dx * dx + dy * dy + dz * dz
                weight = w1[i] * w2[j]
                k = radii.size - 1
                while k >= 0 and distance <= radii[k]:
                    pairs[k] += weight
                    k -= 1
    return run
