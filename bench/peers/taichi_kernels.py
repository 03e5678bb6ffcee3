"""The kernels for Taichi on the processor with one thread, over its ndarrays.

Its fast arithmetic is on, as it is by default. `a[i] = a[i] + x` stands where `+=` would be atomic.
"""
import contextlib
import io

import numpy as np
import taichi as ti

import competitors

KERNELS = {}
# Literals are f32 unless it is told otherwise, which holds for all that is compiled after; so each
# case starts it anew.
SETTINGS = dict(arch=ti.cpu, cpu_max_num_threads=1, offline_cache=False, log_level=ti.ERROR)
ELEMENTS = {"f32": ti.f32, "f64": ti.f64, "i32": ti.i32, "i64": ti.i64}

I32_1, I32_2 = (ti.types.ndarray(dtype=ti.i32, ndim=d) for d in (1, 2))
I64_1 = ti.types.ndarray(dtype=ti.i64, ndim=1)
U8_1, U8_2 = (ti.types.ndarray(dtype=ti.u8, ndim=d) for d in (1, 2))


def kernel(make):
    """A maker is given the element type, and returns the function to be called."""
    KERNELS[make.__name__.rstrip("_")] = make
    return make


class TaichiRun(competitors.Run):
    """Arrays are Taichi's; a run ends when its work is done."""

    def restore(self, name, values):
        self.arrays[name].from_numpy(values)
        ti.sync()

    def outputs(self):
        return {name: np.asarray(self.result) if name == "result" else self.arrays[name].to_numpy()
                for name in self.case.outputs}


def make_run(maker, case, data):
    with contextlib.redirect_stdout(io.StringIO()):  # it greets
        ti.init(default_fp=ti.f64 if case.type == "f64" else ti.f32, **SETTINGS)
    function = maker(ELEMENTS.get(case.type))
    arrays = {}
    for name, value in data.items():
        if isinstance(value, np.ndarray):
            element = getattr(ti, competitors.TYPE_NAMES[value.dtype])
            arrays[name] = ti.ndarray(element, value.shape)
            arrays[name].from_numpy(value)
    call = competitors.by_name(function, {**data, **arrays})

    def finished():
        result = call()
        ti.sync()
        return result

    run = TaichiRun(case, data, finished)
    run.arrays = arrays
    return run


def array(t, dimensions):
    return ti.types.ndarray(dtype=t, ndim=dimensions)


# --- stream ---------------------------------------------------------------------------

@kernel
def saxpy(t):
    one = array(t, 1)

    @ti.kernel
    def run(a: t, x: one, y: one):
        for i in x:
            y[i] = y[i] + a * x[i]
    return lambda a, x, y: run(float(a), x, y)


@kernel
def sum_(t):
    one = array(t, 1)

    @ti.kernel
    def run(x: one) -> t:
        total = ti.cast(0, t)
        for i in x:
            total += x[i]
        return total
    return lambda x: run(x)


@kernel
def dot(t):
    one = array(t, 1)

    @ti.kernel
    def run(x: one, y: one) -> t:
        total = ti.cast(0, t)
        for i in x:
            total += x[i] * y[i]
        return total
    return lambda x, y: run(x, y)


@kernel
def scan(t):
    @ti.kernel
    def run(x: I64_1, y: I64_1):
        total = ti.cast(0, ti.i64)
        ti.loop_config(serialize=True)
        for i in range(x.shape[0]):
            total += x[i]
            y[i] = total
    return lambda x, y: run(x, y)


@kernel
def black_scholes(t):
    one = array(t, 1)

    @ti.func
    def distribution(d):
        k = 1.0 / (1.0 + 0.2316419 * abs(d))
        series = 0.31938153 + k * (
            -0.356563782 + k * (1.781477937 + k * (-1.821255978 + k * 1.330274429)))
        tail = 0.3989422804014327 * ti.exp(-0.5 * d * d) * (k * series)
        return ti.select(d > 0, 1.0 - tail, tail)

    @ti.kernel
    def run(price: one, strike: one, years: one, call: one, put: one):
        for i in price:
            root = ti.sqrt(years[i])
            drift = (0.02 + 0.5 * 0.3 * 0.3) * years[i]
            d1 = (ti.log(price[i] / strike[i]) + drift) / (0.3 * root)
            d2 = d1 - 0.3 * root
            c1 = distribution(d1)
            c2 = distribution(d2)
            discounted = strike[i] * ti.exp(-0.02 * years[i])
            call[i] = price[i] * c1 - discounted * c2
            put[i] = discounted * (1.0 - c2) - price[i] * (1.0 - c1)
    return lambda price, strike, years, call, put: run(price, strike, years, call, put)


# --- dense ----------------------------------------------------------------------------

@kernel
def gemm_ijk(t):
    two = array(t, 2)

    @ti.kernel
    def run(a: two, b: two, c: two):
        for i, j in c:
            total = ti.cast(0, t)
            for k in range(a.shape[1]):
                total += a[i, k] * b[k, j]
            c[i, j] = total
    return lambda a, b, c: run(a, b, c)


@kernel
def gemm_ikj(t):
    two = array(t, 2)

    @ti.kernel
    def run(a: two, b: two, c: two):
        for i in range(c.shape[0]):
            for j in range(c.shape[1]):
                c[i, j] = 0
            for k in range(a.shape[1]):
                factor = a[i, k]
                for j in range(c.shape[1]):
                    c[i, j] = c[i, j] + factor * b[k, j]
    return lambda a, b, c: run(a, b, c)


# --- stencil --------------------------------------------------------------------------

@kernel
def jacobi2d(t):
    two = array(t, 2)

    @ti.kernel
    def sweep(a: two, b: two):
        for i, j in ti.ndrange((1, a.shape[0] - 1), (1, a.shape[1] - 1)):
            b[i, j] = 0.2 * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])

    def run(steps, a, b):
        for _ in range(steps):
            sweep(a, b)
            sweep(b, a)
    return run


@kernel
def heat3d(t):
    three = array(t, 3)

    @ti.kernel
    def sweep(a: three, b: three):
        for i, j, k in ti.ndrange((1, a.shape[0] - 1), (1, a.shape[1] - 1), (1, a.shape[2] - 1)):
            b[i, j, k] = (0.125 * (a[i + 1, j, k] - 2.0 * a[i, j, k] + a[i - 1, j, k])
                          + 0.125 * (a[i, j + 1, k] - 2.0 * a[i, j, k] + a[i, j - 1, k])
                          + 0.125 * (a[i, j, k + 1] - 2.0 * a[i, j, k] + a[i, j, k - 1])
                          + a[i, j, k])

    def run(steps, a, b):
        for _ in range(steps):
            sweep(a, b)
            sweep(b, a)
    return run


@kernel
def blur(t):
    @ti.kernel
    def run(a: U8_2, b: U8_2):
        for i, j in ti.ndrange((3, a.shape[0] - 3), (3, a.shape[1] - 3)):
            total = 0
            for y in range(-3, 4):
                for x in range(-3, 4):
                    total += a[i + y, j + x]
            b[i, j] = ti.cast(total // 49, ti.u8)
    return lambda a, b: run(a, b)


@kernel
def life(t):
    @ti.kernel
    def step(a: U8_2, b: U8_2):
        for i, j in ti.ndrange((1, a.shape[0] - 1), (1, a.shape[1] - 1)):
            around = (ti.cast(a[i - 1, j - 1], ti.i32) + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1]
                      + a[i, j + 1] + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1])
            b[i, j] = ti.cast(around == 3 or (around == 2 and a[i, j] == 1), ti.u8)

    def run(steps, a, b):
        for _ in range(steps // 2):
            step(a, b)
            step(b, a)
    return run


# --- simulate -------------------------------------------------------------------------

@kernel
def mandel(t):
    @ti.kernel
    def run(limit: ti.i32, picture: I32_2):
        n = picture.shape[0]
        for i, j in picture:
            cr = ti.cast(-2.0, t) + 2.5 * ti.cast(j, t) / n
            ci = ti.cast(-1.25, t) + 2.5 * ti.cast(i, t) / n
            zr = ti.cast(0.0, t)
            zi = ti.cast(0.0, t)
            k = 0
            while k < limit and zr * zr + zi * zi <= 4.0:
                following = zr * zr - zi * zi + cr
                zi = 2.0 * zr * zi + ci
                zr = following
                k += 1
            picture[i, j] = k
    return lambda limit, picture: run(int(limit), picture)


@kernel
def nbody(t):
    one = array(t, 1)

    @ti.kernel
    def run(x: one, y: one, z: one, mass: one, ax: one, ay: one, az: one):
        for i in x:
            sx = ti.cast(0, t)
            sy = ti.cast(0, t)
            sz = ti.cast(0, t)
            for j in range(x.shape[0]):
                dx = x[j] - x[i]
                dy = y[j] - y[i]
                dz = z[j] - z[i]
                inverse = 1.0 / ti.sqrt(dx * dx + dy * dy + dz * dz + 0.01)
                pull = mass[j] * inverse * inverse * inverse
                sx += pull * dx
                sy += pull * dy
                sz += pull * dz
            ax[i] = sx
            ay[i] = sy
            az[i] = sz
    return lambda x, y, z, mass, ax, ay, az: run(x, y, z, mass, ax, ay, az)


@kernel
def mcpi(t):
    # Constants above 2^31 can only be arguments.
    @ti.func
    def chance(counter, first, second):
        x = ti.cast(counter, ti.u32)
        x ^= x >> 16
        x *= first
        x ^= x >> 15
        x *= second
        x ^= x >> 16
        return ti.cast(x >> 8, ti.f32) * 5.9604644775390625e-08

    @ti.kernel
    def run(n: ti.i32, first: ti.u32, second: ti.u32) -> ti.i64:
        inside = ti.cast(0, ti.i64)
        for i in range(n):
            x = chance(2 * i, first, second)
            y = chance(2 * i + 1, first, second)
            if x * x + y * y <= 1.0:
                inside += 1
        return inside
    return lambda n: run(int(n), 0x7FEB352D, 0x846CA68B)


# --- integer --------------------------------------------------------------------------

@kernel
def histogram(t):
    @ti.kernel
    def run(x: I32_1, counts: I32_1):
        for k in counts:
            counts[k] = 0
        for i in x:
            counts[x[i]] += 1
    return lambda x, counts: run(x, counts)


@kernel
def collatz(t):
    @ti.kernel
    def run(n: ti.i32) -> ti.i64:
        longest = ti.cast(0, ti.i64)
        for i in range(1, n):
            x = ti.cast(i, ti.i64)
            length = ti.cast(1, ti.i64)
            while x != 1:
                if x % 2 == 0:
                    x = x // 2
                else:
                    x = 3 * x + 1
                length += 1
            ti.atomic_max(longest, length)
        return longest
    return lambda n: run(int(n))


@kernel
def sieve(t):
    @ti.kernel
    def run(n: ti.i32, root: ti.i32, is_prime: U8_1) -> ti.i64:
        for i in range(n + 1):
            is_prime[i] = 1
        is_prime[0] = 0
        is_prime[1] = 0
        ti.loop_config(serialize=True)
        for i in range(2, root + 1):
            if is_prime[i] != 0:
                j = i * i
                while j <= n:
                    is_prime[j] = 0
                    j += i
        count = ti.cast(0, ti.i64)
        for i in range(n + 1):
            count += is_prime[i]
        return count
    return lambda n, is_prime: run(int(n), int(n ** 0.5), is_prime)


@kernel
def primes(t):
    @ti.kernel
    def run(n: ti.i32) -> ti.i64:
        count = ti.cast(0, ti.i64)
        for i in range(2, n):
            prime = 1
            d = 2
            while d * d <= i:
                if i % d == 0:
                    prime = 0
                    break
                d += 1
            count += prime
        return count
    return lambda n: run(int(n))


# --- table ----------------------------------------------------------------------------

@kernel
def spmv(t):
    one = array(t, 1)

    @ti.kernel
    def run(starts: I32_1, columns: I32_1, values: one, x: one, y: one):
        for i in y:
            total = ti.cast(0, t)
            for k in range(starts[i], starts[i + 1]):
                total += values[k] * x[columns[k]]
            y[i] = total
    return lambda starts, columns, values, x, y: run(starts, columns, values, x, y)


@kernel
def floyd(t):
    @ti.kernel
    def step(k: ti.i32, ways: I32_2):
        for i in range(ways.shape[0]):
            to_k = ways[i, k]
            for j in range(ways.shape[1]):
                ways[i, j] = min(ways[i, j], to_k + ways[k, j])

    def run(ways):
        for k in range(ways.shape[0]):
            step(k, ways)
    return run


@kernel
def levenshtein(t):
    # Rows cannot be exchanged inside a kernel: one is copied.
    @ti.kernel
    def fill(a: U8_1, b: U8_1, above: I32_1, row: I32_1) -> ti.i32:
        n = a.shape[0]
        for j in range(n + 1):
            above[j] = j
        ti.loop_config(serialize=True)
        for i in range(n):
            left = i + 1
            row[0] = left
            for j in range(n):
                replaced = above[j]
                if a[i] != b[j]:
                    replaced += 1
                left = min(replaced, left + 1, above[j + 1] + 1)
                row[j + 1] = left
            for j in range(n + 1):
                above[j] = row[j]
        return above[n]

    rows = []

    def run(a, b):
        if not rows:
            rows.extend(ti.ndarray(ti.i32, a.shape[0] + 1) for _ in range(2))
        return fill(a, b, *rows)
    return run


@kernel
def smith_waterman(t):
    @ti.kernel
    def run(a: U8_1, b: U8_1, score: I32_2) -> ti.i32:
        n = a.shape[0]
        best = 0
        for j in range(n + 1):
            score[0, j] = 0
        ti.loop_config(serialize=True)
        for before in range(n):
            i = before + 1
            score[i, 0] = 0
            for j in range(1, n + 1):
                pair = -1
                if a[i - 1] == b[j - 1]:
                    pair = 2
                here = max(0, score[i - 1, j - 1] + pair, score[i - 1, j] - 1, score[i, j - 1] - 1)
                score[i, j] = here
                best = max(best, here)
        return best
    return lambda a, b, score: run(a, b, score)
