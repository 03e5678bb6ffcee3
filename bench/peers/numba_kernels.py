"""The kernels for Numba. With `parallel`, prange is a loop of several threads; without, a range.

Constants are of the case's type, or Numba would go on in f64.
"""
import math

import numba
import numpy as np
from numba import prange

import competitors

KERNELS = {}


def kernel(make=None, *, is_parallel=True):
    """A maker is given the element type and the decorator to compile with."""
    if make is None:
        return lambda f: kernel(f, is_parallel=is_parallel)
    make.is_parallel = is_parallel
    KERNELS[make.__name__.rstrip("_")] = make
    return make


def start(threads):
    numba.set_num_threads(threads)


def make_run(maker, case, data, parallel):
    if parallel and not maker.is_parallel:
        raise competitors.Missing("no version")
    t = competitors.TYPES.get(case.type)
    function = maker(t, numba.njit(parallel=parallel))
    return competitors.Run(case, data, competitors.by_name(function, data))


# --- stream ---------------------------------------------------------------------------

@kernel
def saxpy(t, jit):
    @jit
    def run(a, x, y):
        for i in prange(x.size):
            y[i] += a * x[i]
    return run


@kernel
def sum_(t, jit):
    zero = t(0)

    @jit
    def run(x):
        total = zero
        for i in prange(x.size):
            total += x[i]
        return total
    return run


@kernel
def dot(t, jit):
    zero = t(0)

    @jit
    def run(x, y):
        total = zero
        for i in prange(x.size):
            total += x[i] * y[i]
        return total
    return run


@kernel(is_parallel=False)
def scan(t, jit):
    @jit
    def run(x, y):
        total = 0
        for i in range(x.size):
            total += x[i]
            y[i] = total
    return run


@kernel
def black_scholes(t, jit):
    half, one, rate, volatility = t(0.5), t(1), t(0.02), t(0.3)
    a, b, c, d, e = t(0.31938153), t(-0.356563782), t(1.781477937), t(-1.821255978), t(1.330274429)
    slope, norm = t(0.2316419), t(0.3989422804014327)

    @numba.njit
    def distribution(x):
        k = one / (one + slope * abs(x))
        series = a + k * (b + k * (c + k * (d + k * e)))
        tail = norm * math.exp(-half * x * x) * (k * series)
        return one - tail if x > 0 else tail

    @jit
    def run(price, strike, years, call, put):
        for i in prange(price.size):
            root = math.sqrt(years[i])
            drift = (rate + half * volatility * volatility) * years[i]
            d1 = (math.log(price[i] / strike[i]) + drift) / (volatility * root)
            d2 = d1 - volatility * root
            c1 = distribution(d1)
            c2 = distribution(d2)
            discounted = strike[i] * math.exp(-rate * years[i])
            call[i] = price[i] * c1 - discounted * c2
            put[i] = discounted * (one - c2) - price[i] * (one - c1)
    return run


# --- dense ----------------------------------------------------------------------------

@kernel
def gemm_ijk(t, jit):
    zero = t(0)

    @jit
    def run(a, b, c):
        n = a.shape[0]
        for i in prange(n):
            for j in range(n):
                total = zero
                for k in range(n):
                    total += a[i, k] * b[k, j]
                c[i, j] = total
    return run


@kernel
def gemm_ikj(t, jit):
    @jit
    def run(a, b, c):
        n = a.shape[0]
        for i in prange(n):
            for j in range(n):
                c[i, j] = 0
            for k in range(n):
                factor = a[i, k]
                for j in range(n):
                    c[i, j] += factor * b[k, j]
    return run


# --- stencil --------------------------------------------------------------------------

@kernel
def jacobi2d(t, jit):
    fifth = t(0.2)

    @jit
    def sweep(a, b):
        n = a.shape[0]
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                b[i, j] = fifth * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])

    @numba.njit
    def run(steps, a, b):
        for _ in range(steps):
            sweep(a, b)
            sweep(b, a)
    return run


@kernel
def heat3d(t, jit):
    eighth, two = t(0.125), t(2)

    @jit
    def sweep(a, b):
        n = a.shape[0]
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                for k in range(1, n - 1):
                    b[i, j, k] = (
                        eighth * (a[i + 1, j, k] - two * a[i, j, k] + a[i - 1, j, k])
                        + eighth * (a[i, j + 1, k] - two * a[i, j, k] + a[i, j - 1, k])
                        + eighth * (a[i, j, k + 1] - two * a[i, j, k] + a[i, j, k - 1])
                        + a[i, j, k])

    @numba.njit
    def run(steps, a, b):
        for _ in range(steps):
            sweep(a, b)
            sweep(b, a)
    return run


@kernel
def blur(t, jit):
    @jit
    def run(a, b):
        n = a.shape[0]
        for i in prange(3, n - 3):
            for j in range(3, n - 3):
                total = np.int32(0)
                for y in range(-3, 4):
                    for x in range(-3, 4):
                        total += a[i + y, j + x]
                b[i, j] = total // 49
    return run


@kernel
def life(t, jit):
    @jit
    def step(a, b):
        n = a.shape[0]
        for i in prange(1, n - 1):
            for j in range(1, n - 1):
                around = (a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1]
                          + a[i, j + 1] + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1])
                b[i, j] = 1 if around == 3 or (around == 2 and a[i, j] == 1) else 0

    @numba.njit
    def run(steps, a, b):
        for _ in range(steps // 2):
            step(a, b)
            step(b, a)
    return run


# --- simulate -------------------------------------------------------------------------

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


# --- integer --------------------------------------------------------------------------

@kernel(is_parallel=False)
def histogram(t, jit):
    @jit
    def run(x, counts):
        counts[:] = 0
        for i in range(x.size):
            counts[x[i]] += 1
    return run


@kernel
def collatz(t, jit):
    @jit
    def run(n):
        longest = 0
        for i in prange(1, n):
            x = i
            length = 1
            while x != 1:
                x = x // 2 if x % 2 == 0 else 3 * x + 1
                length += 1
            longest = max(longest, length)
        return longest
    return run


@kernel(is_parallel=False)
def sieve(t, jit):
    @jit
    def run(n, is_prime):
        is_prime[:] = 1
        is_prime[0] = 0
        is_prime[1] = 0
        i = 2
        while i * i <= n:
            if is_prime[i]:
                for j in range(i * i, n + 1, i):
                    is_prime[j] = 0
            i += 1
        count = 0
        for i in range(n + 1):
            count += is_prime[i]
        return count
    return run


@kernel
def primes(t, jit):
    @jit
    def run(n):
        count = 0
        for i in prange(2, n):
            prime = 1
            d = 2
            while d * d <= i:
                if i % d == 0:
                    prime = 0
                    break
                d += 1
            count += prime
        return count
    return run


# --- table ----------------------------------------------------------------------------

@kernel
def spmv(t, jit):
    zero = t(0)

    @jit
    def run(starts, columns, values, x, y):
        for i in prange(y.size):
            total = zero
            for k in range(starts[i], starts[i + 1]):
                total += values[k] * x[columns[k]]
            y[i] = total
    return run


@kernel
def floyd(t, jit):
    @jit
    def run(ways):
        n = ways.shape[0]
        for k in range(n):
            for i in prange(n):
                to_k = ways[i, k]
                for j in range(n):
                    ways[i, j] = min(ways[i, j], to_k + ways[k, j])
    return run


@kernel(is_parallel=False)
def levenshtein(t, jit):
    @jit
    def run(a, b):
        n = a.size
        above = np.empty(n + 1, np.int32)
        row = np.empty(n + 1, np.int32)
        for j in range(n + 1):
            above[j] = j
        for i in range(n):
            row[0] = i + 1
            for j in range(n):
                replaced = above[j] + (1 if a[i] != b[j] else 0)
                row[j + 1] = min(replaced, row[j] + 1, above[j + 1] + 1)
            above, row = row, above
        return above[n]
    return run


@kernel(is_parallel=False)
def smith_waterman(t, jit):
    @jit
    def run(a, b, score):
        n = a.size
        best = 0
        for j in range(n + 1):
            score[0, j] = 0
        for i in range(1, n + 1):
            score[i, 0] = 0
            for j in range(1, n + 1):
                pair = score[i - 1, j - 1] + (2 if a[i - 1] == b[j - 1] else -1)
                here = max(0, pair, score[i - 1, j] - 1, score[i, j - 1] - 1)
                score[i, j] = here
                best = max(best, here)
        return best
    return run


# --- stream: public benchmarks --------------------------------------------------------

@kernel
def copy(t, jit):
    @jit
    def run(a, c):
        for i in prange(a.size):
            c[i] = a[i]
    return run


@kernel
def scale(t, jit):
    @jit
    def run(s, b, c):
        for i in prange(c.size):
            b[i] = s * c[i]
    return run


@kernel
def add(t, jit):
    @jit
    def run(a, b, c):
        for i in prange(a.size):
            c[i] = a[i] + b[i]
    return run


@kernel
def triad(t, jit):
    @jit
    def run(s, a, b, c):
        for i in prange(a.size):
            a[i] = b[i] + s * c[i]
    return run


@kernel
def arc_distance(t, jit):
    @jit
    def run(theta1, phi1, theta2, phi2, d):
        for i in prange(d.size):
            up = math.sin(0.5 * (theta2[i] - theta1[i]))
            along = math.sin(0.5 * (phi2[i] - phi1[i]))
            h = up * up + math.cos(theta1[i]) * math.cos(theta2[i]) * (along * along)
            d[i] = 2.0 * math.atan2(math.sqrt(h), math.sqrt(1.0 - h))
    return run


@kernel
def softmax(t, jit):
    @jit
    def run(x, y):
        rows, n = x.shape
        for r in prange(rows):
            highest = x[r, 0]
            for i in range(1, n):
                highest = max(highest, x[r, i])
            total = np.float32(0)
            for i in range(n):
                y[r, i] = math.exp(x[r, i] - highest)
                total += y[r, i]
            for i in range(n):
                y[r, i] /= total
    return run


@kernel
def go_fast(t, jit):
    @jit
    def run(a, y):
        n = a.shape[0]
        trace = 0.0
        for i in range(n):
            trace += math.tanh(a[i, i])
        for i in prange(n):
            for j in range(n):
                y[i, j] = a[i, j] + trace
    return run


@kernel
def clip(t, jit):
    @jit
    def run(low, high, x, y):
        for i in prange(x.size):
            y[i] = min(max(x[i], low), high)
    return run


# --- dense: public benchmarks ---------------------------------------------------------

@kernel
def lu(t, jit):
    @jit
    def run(a):
        n = a.shape[0]
        for k in range(n):
            for i in prange(k + 1, n):
                a[i, k] /= a[k, k]
                factor = a[i, k]
                for j in range(k + 1, n):
                    a[i, j] -= factor * a[k, j]
    return run


@kernel(is_parallel=False)
def cholesky(t, jit):
    @jit
    def run(a):
        n = a.shape[0]
        for i in range(n):
            for j in range(i):
                total = 0.0
                for k in range(j):
                    total += a[i, k] * a[j, k]
                a[i, j] = (a[i, j] - total) / a[j, j]
            total = 0.0
            for k in range(i):
                total += a[i, k] * a[i, k]
            a[i, i] = math.sqrt(a[i, i] - total)
    return run


@kernel(is_parallel=False)
def durbin(t, jit):
    @jit
    def run(r, y):
        n = r.size
        z = np.empty(n)
        y[0] = -r[0]
        alpha = -r[0]
        beta = 1.0
        for k in range(1, n):
            beta *= 1.0 - alpha * alpha
            total = 0.0
            for i in range(k):
                total += r[k - i - 1] * y[i]
            alpha = -(r[k] + total) / beta
            for i in range(k):
                z[i] = y[i] + alpha * y[k - i - 1]
            for i in range(k):
                y[i] = z[i]
            y[k] = alpha
    return run


@kernel(is_parallel=False)
def atax(t, jit):
    @jit
    def run(a, x, y):
        m, n = a.shape
        y[:] = 0.0
        for i in range(m):
            product = 0.0
            for j in range(n):
                product += a[i, j] * x[j]
            for j in range(n):
                y[j] += a[i, j] * product
    return run


@kernel
def gemver(t, jit):
    @jit
    def run(alpha, beta, a, u1, v1, u2, v2, x, y, z, w):
        n = a.shape[0]
        for i in prange(n):
            for j in range(n):
                a[i, j] += u1[i] * v1[j] + u2[i] * v2[j]
        for i in range(n):
            for j in range(n):
                x[j] += beta * a[i, j] * y[i]
        for i in prange(n):
            x[i] += z[i]
        for i in prange(n):
            total = 0.0
            for j in range(n):
                total += alpha * a[i, j] * x[j]
            w[i] = total
    return run


@kernel
def syrk(t, jit):
    @jit
    def run(alpha, beta, a, c):
        n, m = a.shape
        for i in prange(n):
            for j in range(i + 1):
                total = 0.0
                for k in range(m):
                    total += a[i, k] * a[j, k]
                c[i, j] = beta * c[i, j] + alpha * total
    return run


@kernel(is_parallel=False)
def trmm(t, jit):
    @jit
    def run(alpha, a, b):
        m, n = b.shape
        for i in range(m):
            for k in range(i + 1, m):
                for j in range(n):
                    b[i, j] += a[k, i] * b[k, j]
            for j in range(n):
                b[i, j] *= alpha
    return run


@kernel
def two_mm(t, jit):
    @jit
    def run(alpha, beta, a, b, c, d):
        n = a.shape[0]
        product = np.zeros((n, n))
        for i in prange(n):
            for k in range(n):
                factor = alpha * a[i, k]
                for j in range(n):
                    product[i, j] += factor * b[k, j]
        for i in prange(n):
            for j in range(n):
                d[i, j] *= beta
            for k in range(n):
                factor = product[i, k]
                for j in range(n):
                    d[i, j] += factor * c[k, j]
    return run


@kernel
def conv2d(t, jit):
    @jit
    def run(x, weights, bias, y):
        pictures, h, w, channels = y.shape
        k = weights.shape[0]
        inputs = x.shape[3]
        for p in prange(pictures):
            for i in range(h):
                for j in range(w):
                    for c in range(channels):
                        y[p, i, j, c] = bias[c]
                    for v in range(k):
                        for u in range(k):
                            for e in range(inputs):
                                value = x[p, i + v, j + u, e]
                                for c in range(channels):
                                    y[p, i, j, c] += value * weights[v, u, e, c]
    return run


# --- stencil: public benchmarks -------------------------------------------------------

@kernel(is_parallel=False)
def seidel2d(t, jit):
    @jit
    def run(steps, a):
        n = a.shape[0]
        for _ in range(steps):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    a[i, j] = (a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1]
                               + a[i, j] + a[i, j + 1] + a[i + 1, j - 1] + a[i + 1, j]
                               + a[i + 1, j + 1]) / 9.0
    return run


@kernel
def fdtd2d(t, jit):
    @jit
    def run(ex, ey, hz, source):
        m, n = ex.shape
        for t in range(source.size):
            for j in range(n):
                ey[0, j] = source[t]
            for i in prange(1, m):
                for j in range(n):
                    ey[i, j] -= 0.5 * (hz[i, j] - hz[i - 1, j])
            for i in prange(m):
                for j in range(1, n):
                    ex[i, j] -= 0.5 * (hz[i, j] - hz[i, j - 1])
            for i in prange(m - 1):
                for j in range(n - 1):
                    hz[i, j] -= 0.7 * (ex[i, j + 1] - ex[i, j] + ey[i + 1, j] - ey[i, j])
    return run


@kernel
def hdiff(t, jit):
    @jit
    def run(field, coefficient, flux_x, flux_y, laplacian, result):
        m, n, k = result.shape
        for i in prange(m + 2):
            for j in range(n + 2):
                for l in range(k):
                    laplacian[i, j, l] = 4.0 * field[i + 1, j + 1, l] - (
                        field[i + 2, j + 1, l] + field[i, j + 1, l] + field[i + 1, j + 2, l]
                        + field[i + 1, j, l])
        for i in prange(m + 1):
            for j in range(n):
                for l in range(k):
                    change = laplacian[i + 1, j + 1, l] - laplacian[i, j + 1, l]
                    slope = field[i + 2, j + 2, l] - field[i + 1, j + 2, l]
                    flux_x[i, j, l] = 0.0 if change * slope > 0.0 else change
        for i in prange(m):
            for j in range(n + 1):
                for l in range(k):
                    change = laplacian[i + 1, j + 1, l] - laplacian[i + 1, j, l]
                    slope = field[i + 2, j + 2, l] - field[i + 2, j + 1, l]
                    flux_y[i, j, l] = 0.0 if change * slope > 0.0 else change
        for i in prange(m):
            for j in range(n):
                for l in range(k):
                    flux = (flux_x[i + 1, j, l] - flux_x[i, j, l] + flux_y[i, j + 1, l]
                            - flux_y[i, j, l])
                    result[i, j, l] = field[i + 2, j + 2, l] - coefficient[i, j, l] * flux
    return run


@kernel
def vadv(t, jit):
    @jit
    def run(rate, stage, u, wind, position, tendency, c, d):
        m, n, k = stage.shape
        for i in prange(m):
            for j in range(n):
                for l in range(k):
                    below = -0.25 * (wind[i + 1, j, l] + wind[i, j, l]) if l > 0 else 0.0
                    above = 0.25 * (wind[i + 1, j, l + 1] + wind[i, j, l + 1]) if l < k - 1 else 0.0
                    from_below = below * 0.5 * (u[i, j, l - 1] - u[i, j, l]) if l > 0 else 0.0
                    from_above = above * 0.5 * (u[i, j, l + 1] - u[i, j, l]) if l < k - 1 else 0.0
                    a = below * 0.5
                    right = (rate * position[i, j, l] + tendency[i, j, l] + stage[i, j, l]
                             - from_below - from_above)
                    before_c = c[i, j, l - 1] if l > 0 else 0.0
                    before_d = d[i, j, l - 1] if l > 0 else 0.0
                    divided = 1.0 / (rate - a - above * 0.5 - before_c * a)
                    c[i, j, l] = above * 0.5 * divided
                    d[i, j, l] = (right - before_d * a) * divided
                solution = d[i, j, k - 1]
                stage[i, j, k - 1] = rate * (solution - position[i, j, k - 1])
                for l in range(k - 2, -1, -1):
                    solution = d[i, j, l] - c[i, j, l] * solution
                    stage[i, j, l] = rate * (solution - position[i, j, l])
    return run


@kernel
def wrap2d(t, jit):
    fifth = np.float32(0.2)

    @jit
    def step(a, b):
        n = a.shape[0]
        for i in prange(n):
            for j in range(n):
                up = (i + n - 1) % n
                down = (i + 1) % n
                left = (j + n - 1) % n
                right = (j + 1) % n
                b[i, j] = fifth * (a[i, j] + a[up, j] + a[down, j] + a[i, left] + a[i, right])

    @numba.njit
    def run(steps, a, b):
        for _ in range(steps // 2):
            step(a, b)
            step(b, a)
    return run


@kernel
def wrap3d(t, jit):
    seven = np.float32(7)

    @jit
    def step(a, b):
        n = a.shape[0]
        for i in prange(n):
            for j in range(n):
                for k in range(n):
                    around = (a[(i + n - 1) % n, j, k] + a[(i + 1) % n, j, k]
                              + a[i, (j + n - 1) % n, k] + a[i, (j + 1) % n, k]
                              + a[i, j, (k + n - 1) % n] + a[i, j, (k + 1) % n])
                    b[i, j, k] = (a[i, j, k] + around) / seven

    @numba.njit
    def run(steps, a, b):
        for _ in range(steps // 2):
            step(a, b)
            step(b, a)
    return run


# --- simulate: public benchmarks ------------------------------------------------------

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


# --- integer: public benchmarks -------------------------------------------------------

@kernel(is_parallel=False)
def azimint(t, jit):
    @jit
    def run(radius, data, counts, mean):
        rings = counts.size
        highest = radius[0]
        for i in range(radius.size):
            highest = max(highest, radius[i])
        width = highest / rings
        counts[:] = 0
        mean[:] = 0.0
        for i in range(radius.size):
            k = min(int(radius[i] / width), rings - 1)
            counts[k] += 1
            mean[k] += data[i]
        for k in range(rings):
            if counts[k] > 0:
                mean[k] /= counts[k]
    return run


@kernel(is_parallel=False)
def crc16(t, jit):
    @jit
    def run(data):
        crc = np.uint16(0xFFFF)
        for i in range(data.size):
            crc = np.uint16(crc ^ data[i])
            for _ in range(8):
                crc = np.uint16(crc >> 1 ^ 0x8408) if crc & 1 == 1 else np.uint16(crc >> 1)
        return np.uint16(~crc)
    return run


@kernel(is_parallel=False)
def quicksort(t, jit):
    @jit
    def run(x):
        first = np.empty(64, np.int64)
        last = np.empty(64, np.int64)
        depth = 1
        first[0] = 0
        last[0] = x.size - 1
        while depth > 0:
            depth -= 1
            low = first[depth]
            high = last[depth]
            while high - low > 16:
                pivot = x[low + (high - low) // 2]
                i = low
                j = high
                while i <= j:
                    while x[i] < pivot:
                        i += 1
                    while x[j] > pivot:
                        j -= 1
                    if i <= j:
                        x[i], x[j] = x[j], x[i]
                        i += 1
                        j -= 1
                if j - low > high - i:
                    first[depth] = low
                    last[depth] = j
                    low = i
                else:
                    first[depth] = i
                    last[depth] = high
                    high = j
                depth += 1
        for i in range(1, x.size):
            value = x[i]
            j = i
            while j > 0 and x[j - 1] > value:
                x[j] = x[j - 1]
                j -= 1
            x[j] = value
    return run


@kernel(is_parallel=False)
def parse(t, jit):
    @jit
    def run(text, values):
        found = 0
        value = 0
        is_negative = False
        for i in range(text.size):
            letter = text[i]
            if letter == 10:
                values[found] = -value if is_negative else value
                found += 1
                value = 0
                is_negative = False
            elif letter == 45:
                is_negative = True
            else:
                value = 10 * value + (np.int64(letter) - 48)
        return found
    return run


@kernel
def gather(t, jit):
    @jit
    def run(at, x, y):
        for i in prange(at.size):
            y[i] = x[at[i]]
    return run


@kernel(is_parallel=False)
def histogram_u8(t, jit):
    @jit
    def run(x, counts):
        counts[:] = 0
        for i in range(x.size):
            if counts[x[i]] < 255:
                counts[x[i]] += 1
    return run


# --- table: public benchmarks ---------------------------------------------------------

@kernel(is_parallel=False)
def nussinov(t, jit):
    @jit
    def run(bases, table):
        n = bases.size
        table[:, :] = 0
        for i in range(n - 1, -1, -1):
            for j in range(i + 1, n):
                best = table[i, j - 1]
                if i + 1 < n:
                    best = max(best, table[i + 1, j])
                    pair = 1 if i < j - 1 and bases[i] + bases[j] == 3 else 0
                    best = max(best, table[i + 1, j - 1] + pair)
                for k in range(i + 1, j):
                    best = max(best, table[i, k] + table[k + 1, j])
                table[i, j] = best
        return table[0, n - 1]
    return run
