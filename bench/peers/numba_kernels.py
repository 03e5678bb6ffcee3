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


# --- stream ----------------------------------------------------------------------------------------

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


# --- dense -----------------------------------------------------------------------------------------

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


# --- stencil ---------------------------------------------------------------------------------------

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
                        + eighth * (a[i, j, k + 1] - two * a[i, j, k] + a[i, j, k - 1]) + a[i, j, k])

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
                around = (a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1] + a[i, j + 1]
                          + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1])
                b[i, j] = 1 if around == 3 or (around == 2 and a[i, j] == 1) else 0

    @numba.njit
    def run(steps, a, b):
        for _ in range(steps // 2):
            step(a, b)
            step(b, a)
    return run


# --- simulate --------------------------------------------------------------------------------------

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


# --- integer ---------------------------------------------------------------------------------------

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


# --- table -----------------------------------------------------------------------------------------

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
