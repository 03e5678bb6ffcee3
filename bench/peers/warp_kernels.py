"""The kernels for Warp on the processor, which has one thread there; without derivatives."""
import os

import numpy as np
import warp as wp

import competitors

KERNELS = {}
ELEMENTS = {"f32": wp.float32, "f64": wp.float64, "i32": wp.int32, "i64": wp.int64}
I32_1, I32_2 = wp.array(dtype=wp.int32), wp.array2d(dtype=wp.int32)
I64_1 = wp.array(dtype=wp.int64)
U8_1, U8_2 = wp.array(dtype=wp.uint8), wp.array2d(dtype=wp.uint8)


def kernel(make):
    """A maker is given the element type, and returns the function to be called."""
    KERNELS[make.__name__.rstrip("_")] = make
    return make


def start(threads):
    wp.config.log_level = wp.LOG_ERROR
    wp.config.kernel_cache_dir = os.path.join(competitors.CACHE, "warp")
    wp.config.enable_backward = False
    wp.init()
    wp.set_device("cpu")
    wp.clear_kernel_cache()  # what compiling takes is measured too


class WarpRun(competitors.Run):
    """Arrays are Warp's."""

    def restore(self, name, values):
        self.arrays[name].assign(values)

    def outputs(self):
        return {name: np.asarray(self.result) if name == "result"
                else self.arrays[name].numpy().copy() for name in self.case.outputs}


def make_run(maker, case, data):
    function = maker(ELEMENTS.get(case.type))
    # A scalar that the kernel returns lies in an array of one element.
    arrays = {name: wp.array(value, device="cpu") for name, value in data.items()
              if isinstance(value, np.ndarray)}
    if case.result:
        arrays["result"] = wp.zeros(1, dtype=wp.dtype_from_numpy(competitors.TYPES[case.result]),
                                    device="cpu")
    call = competitors.by_name(function, {**data, **arrays})

    def finished():
        result = call()
        wp.synchronize()
        if "result" in arrays and result is None:
            return arrays["result"].numpy()[0]
        return result

    run = WarpRun(case, data, finished)
    run.arrays = arrays
    return run


def launch(function, size, *arguments):
    wp.launch(function, dim=size, inputs=list(arguments), device="cpu")


# --- stream ---------------------------------------------------------------------------

@kernel
def saxpy(t):
    @wp.kernel(module="unique")
    def body(a: t, x: wp.array(dtype=t), y: wp.array(dtype=t)):
        i = wp.tid()
        y[i] = a * x[i] + y[i]
    return lambda a, x, y: launch(body, x.size, float(a), x, y)


@kernel
def sum_(t):
    if t in (wp.float32, wp.float64):
        return lambda x: wp.utils.array_sum(x)

    @wp.kernel(module="unique")
    def body(x: wp.array(dtype=t), result: wp.array(dtype=t)):
        wp.atomic_add(result, 0, x[wp.tid()])

    def run(x, result):
        result.zero_()
        launch(body, x.size, x, result)
    return run


@kernel
def dot(t):
    return lambda x, y: wp.utils.array_inner(x, y)


@kernel
def scan(t):
    return lambda x, y: wp.utils.array_scan(x, y, inclusive=True)


@kernel
def black_scholes(t):
    @wp.func
    def distribution(d: t):
        k = t(1.0) / (t(1.0) + t(0.2316419) * wp.abs(d))
        series = t(0.31938153) + k * (
            t(-0.356563782) + k * (t(1.781477937) + k * (t(-1.821255978) + k * t(1.330274429))))
        tail = t(0.3989422804014327) * wp.exp(t(-0.5) * d * d) * (k * series)
        return wp.where(d > t(0.0), t(1.0) - tail, tail)

    @wp.kernel(module="unique")
    def body(price: wp.array(dtype=t), strike: wp.array(dtype=t), years: wp.array(dtype=t),
             call: wp.array(dtype=t), put: wp.array(dtype=t)):
        i = wp.tid()
        root = wp.sqrt(years[i])
        drift = (t(0.02) + t(0.5) * t(0.3) * t(0.3)) * years[i]
        d1 = (wp.log(price[i] / strike[i]) + drift) / (t(0.3) * root)
        d2 = d1 - t(0.3) * root
        c1 = distribution(d1)
        c2 = distribution(d2)
        discounted = strike[i] * wp.exp(t(-0.02) * years[i])
        call[i] = price[i] * c1 - discounted * c2
        put[i] = discounted * (t(1.0) - c2) - price[i] * (t(1.0) - c1)
    return lambda price, strike, years, call, put: launch(
        body, price.size, price, strike, years, call, put)


# --- dense ----------------------------------------------------------------------------

@kernel
def gemm_ijk(t):
    @wp.kernel(module="unique")
    def body(a: wp.array2d(dtype=t), b: wp.array2d(dtype=t), c: wp.array2d(dtype=t)):
        i, j = wp.tid()
        total = t(0)
        for k in range(a.shape[1]):
            total += a[i, k] * b[k, j]
        c[i, j] = total
    return lambda a, b, c: launch(body, c.shape, a, b, c)


@kernel
def gemm_ikj(t):
    @wp.kernel(module="unique")
    def body(a: wp.array2d(dtype=t), b: wp.array2d(dtype=t), c: wp.array2d(dtype=t)):
        i = wp.tid()
        for j in range(c.shape[1]):
            c[i, j] = t(0)
        for k in range(a.shape[1]):
            factor = a[i, k]
            for j in range(c.shape[1]):
                c[i, j] = c[i, j] + factor * b[k, j]
    return lambda a, b, c: launch(body, c.shape[0], a, b, c)


# --- stencil --------------------------------------------------------------------------

def alternating(step, border, calls_a_step):
    """Runs `step` from a to b, then from b to a, over all but the border."""
    def run(steps, a, b):
        inner = tuple(n - 2 * border for n in a.shape)
        for _ in range(int(steps) * calls_a_step // 2):
            launch(step, inner, a, b)
            launch(step, inner, b, a)
    return run


@kernel
def jacobi2d(t):
    @wp.kernel(module="unique")
    def sweep(a: wp.array2d(dtype=t), b: wp.array2d(dtype=t)):
        i, j = wp.tid()
        i += 1
        j += 1
        b[i, j] = t(0.2) * (a[i, j] + a[i, j - 1] + a[i, j + 1] + a[i + 1, j] + a[i - 1, j])
    return alternating(sweep, 1, 2)


@kernel
def heat3d(t):
    @wp.kernel(module="unique")
    def sweep(a: wp.array3d(dtype=t), b: wp.array3d(dtype=t)):
        i, j, k = wp.tid()
        i += 1
        j += 1
        k += 1
        b[i, j, k] = (t(0.125) * (a[i + 1, j, k] - t(2.0) * a[i, j, k] + a[i - 1, j, k])
                      + t(0.125) * (a[i, j + 1, k] - t(2.0) * a[i, j, k] + a[i, j - 1, k])
                      + t(0.125) * (a[i, j, k + 1] - t(2.0) * a[i, j, k] + a[i, j, k - 1])
                      + a[i, j, k])
    return alternating(sweep, 1, 2)


@kernel
def blur(t):
    @wp.kernel(module="unique")
    def body(a: U8_2, b: U8_2):
        i, j = wp.tid()
        total = wp.int32(0)
        for y in range(7):
            for x in range(7):
                total += wp.int32(a[i + y, j + x])
        b[i + 3, j + 3] = wp.uint8(total / 49)
    return lambda a, b: launch(body, tuple(n - 6 for n in a.shape), a, b)


@kernel
def life(t):
    @wp.kernel(module="unique")
    def step(a: U8_2, b: U8_2):
        i, j = wp.tid()
        i += 1
        j += 1
        around = (a[i - 1, j - 1] + a[i - 1, j] + a[i - 1, j + 1] + a[i, j - 1] + a[i, j + 1]
                  + a[i + 1, j - 1] + a[i + 1, j] + a[i + 1, j + 1])
        lives = wp.uint8(0)
        if around == wp.uint8(3) or (around == wp.uint8(2) and a[i, j] == wp.uint8(1)):
            lives = wp.uint8(1)
        b[i, j] = lives
    return alternating(step, 1, 1)


# --- simulate -------------------------------------------------------------------------

@kernel
def mandel(t):
    @wp.kernel(module="unique")
    def body(n: wp.int32, limit: wp.int32, picture: I32_2):
        i, j = wp.tid()
        cr = t(-2.0) + t(2.5) * t(j) / t(n)
        ci = t(-1.25) + t(2.5) * t(i) / t(n)
        zr = t(0.0)
        zi = t(0.0)
        k = wp.int32(0)
        while k < limit and zr * zr + zi * zi <= t(4.0):
            following = zr * zr - zi * zi + cr
            zi = t(2.0) * zr * zi + ci
            zr = following
            k += 1
        picture[i, j] = k
    return lambda n, limit, picture: launch(body, picture.shape, int(n), int(limit), picture)


@kernel
def nbody(t):
    @wp.kernel(module="unique")
    def body(x: wp.array(dtype=t), y: wp.array(dtype=t), z: wp.array(dtype=t),
             mass: wp.array(dtype=t), ax: wp.array(dtype=t), ay: wp.array(dtype=t),
             az: wp.array(dtype=t)):
        i = wp.tid()
        sx = t(0.0)
        sy = t(0.0)
        sz = t(0.0)
        for j in range(x.shape[0]):
            dx = x[j] - x[i]
            dy = y[j] - y[i]
            dz = z[j] - z[i]
            inverse = t(1.0) / wp.sqrt(dx * dx + dy * dy + dz * dz + t(0.01))
            pull = mass[j] * inverse * inverse * inverse
            sx += pull * dx
            sy += pull * dy
            sz += pull * dz
        ax[i] = sx
        ay[i] = sy
        az[i] = sz
    return lambda x, y, z, mass, ax, ay, az: launch(body, x.size, x, y, z, mass, ax, ay, az)


@kernel
def mcpi(t):
    @wp.func
    def chance(counter: wp.uint32):
        x = counter ^ (counter >> wp.uint32(16))
        x = x * wp.uint32(0x7FEB352D)
        x = x ^ (x >> wp.uint32(15))
        x = x * wp.uint32(0x846CA68B)
        x = x ^ (x >> wp.uint32(16))
        return wp.float32(x >> wp.uint32(8)) * 5.9604644775390625e-08

    @wp.kernel(module="unique")
    def body(result: I64_1):
        i = wp.tid()
        x = chance(wp.uint32(2 * i))
        y = chance(wp.uint32(2 * i + 1))
        if x * x + y * y <= 1.0:
            wp.atomic_add(result, 0, wp.int64(1))

    def run(n, result):
        result.zero_()
        launch(body, int(n), result)
    return run


# --- integer --------------------------------------------------------------------------

@kernel
def histogram(t):
    @wp.kernel(module="unique")
    def body(x: I32_1, counts: I32_1):
        wp.atomic_add(counts, x[wp.tid()], 1)

    def run(x, counts):
        counts.zero_()
        launch(body, x.size, x, counts)
    return run


@kernel
def collatz(t):
    @wp.kernel(module="unique")
    def body(result: I64_1):
        x = wp.int64(wp.tid() + 1)
        length = wp.int64(1)
        while x != wp.int64(1):
            if x % wp.int64(2) == wp.int64(0):
                x = x / wp.int64(2)
            else:
                x = wp.int64(3) * x + wp.int64(1)
            length += wp.int64(1)
        wp.atomic_max(result, 0, length)

    def run(n, result):
        result.zero_()
        launch(body, int(n) - 1, result)
    return run


@kernel
def sieve(t):
    @wp.kernel(module="unique")
    def body(n: wp.int32, is_prime: U8_1, result: I64_1):
        for k in range(n + 1):
            is_prime[k] = wp.uint8(1)
        is_prime[0] = wp.uint8(0)
        is_prime[1] = wp.uint8(0)
        i = wp.int32(2)
        while i * i <= n:
            if is_prime[i] != wp.uint8(0):
                j = i * i
                while j <= n:
                    is_prime[j] = wp.uint8(0)
                    j += i
            i += 1
        count = wp.int64(0)
        for k in range(n + 1):
            count += wp.int64(is_prime[k])
        result[0] = count
    return lambda n, is_prime, result: launch(body, 1, int(n), is_prime, result)


@kernel
def primes(t):
    @wp.kernel(module="unique")
    def body(result: I64_1):
        i = wp.tid() + 2
        prime = wp.int32(1)
        d = wp.int32(2)
        while d * d <= i:
            if i % d == 0:
                prime = 0
                break
            d += 1
        wp.atomic_add(result, 0, wp.int64(prime))

    def run(n, result):
        result.zero_()
        launch(body, int(n) - 2, result)
    return run


# --- table ----------------------------------------------------------------------------

@kernel
def spmv(t):
    @wp.kernel(module="unique")
    def body(starts: I32_1, columns: I32_1, values: wp.array(dtype=t), x: wp.array(dtype=t),
             y: wp.array(dtype=t)):
        i = wp.tid()
        total = t(0.0)
        for k in range(starts[i], starts[i + 1]):
            total += values[k] * x[columns[k]]
        y[i] = total
    return lambda starts, columns, values, x, y: launch(body, y.size, starts, columns, values, x, y)


@kernel
def floyd(t):
    @wp.kernel(module="unique")
    def step(k: wp.int32, ways: I32_2):
        i, j = wp.tid()
        ways[i, j] = wp.min(ways[i, j], ways[i, k] + ways[k, j])

    def run(ways):
        for k in range(ways.shape[0]):
            launch(step, ways.shape, k, ways)
    return run


@kernel
def levenshtein(t):
    # Rows cannot be exchanged inside a kernel: one is copied.
    @wp.kernel(module="unique")
    def body(n: wp.int32, a: U8_1, b: U8_1, above: I32_1, row: I32_1, result: I32_1):
        for j in range(n + 1):
            above[j] = j
        for i in range(n):
            row[0] = i + 1
            for j in range(n):
                replaced = above[j]
                if a[i] != b[j]:
                    replaced += 1
                row[j + 1] = wp.min(replaced, wp.min(row[j], above[j + 1]) + 1)
            for j in range(n + 1):
                above[j] = row[j]
        result[0] = above[n]

    rows = []

    def run(a, b, result):
        if not rows:
            rows.extend(wp.zeros(a.size + 1, dtype=wp.int32, device="cpu") for _ in range(2))
        launch(body, 1, a.size, a, b, *rows, result)
    return run


@kernel
def smith_waterman(t):
    @wp.kernel(module="unique")
    def body(n: wp.int32, a: U8_1, b: U8_1, score: I32_2, result: I32_1):
        best = wp.int32(0)
        for j in range(n + 1):
            score[0, j] = 0
        for i in range(1, n + 1):
            score[i, 0] = 0
            for j in range(1, n + 1):
                pair = wp.int32(-1)
                if a[i - 1] == b[j - 1]:
                    pair = 2
                gap = wp.max(score[i - 1, j], score[i, j - 1]) - 1
                here = wp.max(0, wp.max(score[i - 1, j - 1] + pair, gap))
                score[i, j] = here
                best = wp.max(best, here)
        result[0] = best
    return lambda a, b, score, result: launch(body, 1, a.size, a, b, score, result)
