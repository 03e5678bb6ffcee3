"""The kernels in NumPy and SciPy, where they have a natural form there."""
import numpy as np

import competitors

KERNELS = {}


def kernel(make):
    """A maker is given the element type."""
    KERNELS[make.__name__.rstrip("_")] = make
    return make


def make_run(maker, case, data):
    function = maker(competitors.TYPES.get(case.type))
    return competitors.Run(case, data, competitors.by_name(function, data))


def product(t):
    def run(a, b, c):
        np.matmul(a, b, out=c)
    return run


KERNELS["gemm_ijk"] = KERNELS["gemm_ikj"] = product


@kernel
def saxpy(t):
    def run(a, x, y):
        y += a * x
    return run


@kernel
def sum_(t):
    return lambda x: x.sum(dtype=t)


@kernel
def dot(t):
    return lambda x, y: np.dot(x, y)


@kernel
def scan(t):
    def run(x, y):
        np.cumsum(x, out=y)
    return run


@kernel
def black_scholes(t):
    rate, volatility = t(0.02), t(0.3)

    def distribution(x):
        k = 1 / (1 + t(0.2316419) * abs(x))
        series = t(0.31938153) + k * (
            t(-0.356563782) + k * (t(1.781477937) + k * (t(-1.821255978) + k * t(1.330274429))))
        tail = t(0.3989422804014327) * np.exp(t(-0.5) * x * x) * (k * series)
        return np.where(x > 0, 1 - tail, tail)

    def run(price, strike, years, call, put):
        root = np.sqrt(years)
        drift = (rate + t(0.5) * volatility * volatility) * years
        d1 = (np.log(price / strike) + drift) / (volatility * root)
        d2 = d1 - volatility * root
        c1, c2 = distribution(d1), distribution(d2)
        discounted = strike * np.exp(-rate * years)
        call[...] = price * c1 - discounted * c2
        put[...] = discounted * (1 - c2) - price * (1 - c1)
    return run


@kernel
def jacobi2d(t):
    def sweep(a, b):
        b[1:-1, 1:-1] = t(0.2) * (
            a[1:-1, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:] + a[2:, 1:-1] + a[:-2, 1:-1])

    def run(steps, a, b):
        for _ in range(steps):
            sweep(a, b)
            sweep(b, a)
    return run


@kernel
def heat3d(t):
    eighth = t(0.125)

    def sweep(a, b):
        c = a[1:-1, 1:-1, 1:-1]
        b[1:-1, 1:-1, 1:-1] = (
            eighth * (a[2:, 1:-1, 1:-1] - 2 * c + a[:-2, 1:-1, 1:-1])
            + eighth * (a[1:-1, 2:, 1:-1] - 2 * c + a[1:-1, :-2, 1:-1])
            + eighth * (a[1:-1, 1:-1, 2:] - 2 * c + a[1:-1, 1:-1, :-2]) + c)

    def run(steps, a, b):
        for _ in range(steps):
            sweep(a, b)
            sweep(b, a)
    return run


@kernel
def blur(t):
    def run(a, b):
        n = a.shape[0] - 6
        total = np.zeros((n, n), np.int32)
        for y in range(7):
            for x in range(7):
                total += a[y:y + n, x:x + n]
        b[3:-3, 3:-3] = total // 49
    return run


@kernel
def life(t):
    def step(a, b):
        n = a.shape[0] - 2
        around = np.zeros((n, n), np.uint8)
        for y in range(3):
            for x in range(3):
                if (y, x) != (1, 1):
                    around += a[y:y + n, x:x + n]
        b[1:-1, 1:-1] = (around == 3) | ((around == 2) & (a[1:-1, 1:-1] == 1))

    def run(steps, a, b):
        for _ in range(steps // 2):
            step(a, b)
            step(b, a)
    return run


@kernel
def nbody(t):
    def run(x, y, z, mass, ax, ay, az):
        for first in range(0, x.size, 256):
            part = slice(first, first + 256)
            dx, dy, dz = (v[None] - v[part, None] for v in (x, y, z))
            inverse = 1 / np.sqrt(dx * dx + dy * dy + dz * dz + t(0.01))
            pull = mass[None] * inverse * inverse * inverse
            for d, result in ((dx, ax), (dy, ay), (dz, az)):
                result[part] = (pull * d).sum(1)
    return run


@kernel
def mcpi(t):
    def mixed(x):
        x ^= x >> 16
        x *= np.uint32(0x7FEB352D)
        x ^= x >> 15
        x *= np.uint32(0x846CA68B)
        x ^= x >> 16
        return x

    def chance(counter):
        return (mixed(counter) >> 8).astype(np.float32) * np.float32(2.0 ** -24)

    def run(n):
        i = np.arange(n, dtype=np.uint32)
        x, y = chance(2 * i), chance(2 * i + 1)
        return np.int64(np.count_nonzero(x * x + y * y <= 1))
    return run


@kernel
def histogram(t):
    def run(x, counts):
        counts[...] = np.bincount(x, minlength=256)
    return run


@kernel
def sieve(t):
    def run(n, is_prime):
        is_prime[:] = 1
        is_prime[:2] = 0
        for i in range(2, int(n ** 0.5) + 1):
            if is_prime[i]:
                is_prime[i * i::i] = 0
        return np.count_nonzero(is_prime)
    return run


@kernel
def spmv(t):
    import scipy.sparse

    def run(starts, columns, values, x, y):
        y[...] = scipy.sparse.csr_array((values, columns, starts), shape=(y.size, x.size)) @ x
    return run


@kernel
def floyd(t):
    def run(ways):
        for k in range(ways.shape[0]):
            np.minimum(ways, ways[:, k, None] + ways[None, k], out=ways)
    return run


# --- public benchmarks ----------------------------------------------------------------

@kernel
def copy(t):
    def run(a, c):
        np.copyto(c, a)
    return run


@kernel
def scale(t):
    def run(s, b, c):
        np.multiply(c, s, out=b)
    return run


@kernel
def add(t):
    def run(a, b, c):
        np.add(a, b, out=c)
    return run


@kernel
def triad(t):
    def run(s, a, b, c):
        np.multiply(c, s, out=a)
        a += b
    return run


@kernel
def arc_distance(t):
    def run(theta1, phi1, theta2, phi2, d):
        up = np.sin(0.5 * (theta2 - theta1))
        along = np.sin(0.5 * (phi2 - phi1))
        h = up * up + np.cos(theta1) * np.cos(theta2) * (along * along)
        d[...] = 2.0 * np.arctan2(np.sqrt(h), np.sqrt(1.0 - h))
    return run


@kernel
def softmax(t):
    def run(x, y):
        np.exp(x - x.max(axis=1, keepdims=True), out=y)
        y /= y.sum(axis=1, keepdims=True)
    return run


@kernel
def go_fast(t):
    def run(a, y):
        np.add(a, np.tanh(np.diagonal(a)).sum(), out=y)
    return run


@kernel
def clip(t):
    def run(low, high, x, y):
        np.clip(x, low, high, out=y)
    return run


@kernel
def cholesky(t):
    def run(a):
        lower = np.tril_indices(a.shape[0])
        a[lower] = np.linalg.cholesky(a)[lower]
    return run


@kernel
def durbin(t):
    import scipy.linalg

    def run(r, y):
        y[...] = scipy.linalg.solve_toeplitz(np.concatenate(([1.0], r[:-1])), -r)
    return run


@kernel
def atax(t):
    def run(a, x, y):
        np.matmul(a.T, a @ x, out=y)
    return run


@kernel
def gemver(t):
    def run(alpha, beta, a, u1, v1, u2, v2, x, y, z, w):
        a += np.outer(u1, v1) + np.outer(u2, v2)
        x += beta * (a.T @ y) + z
        w[...] = alpha * (a @ x)
    return run


@kernel
def syrk(t):
    def run(alpha, beta, a, c):
        lower = np.tril_indices(c.shape[0])
        c[lower] = (beta * c + alpha * (a @ a.T))[lower]
    return run


@kernel
def trmm(t):
    def run(alpha, a, b):
        b[...] = alpha * (np.tril(a, -1).T @ b + b)
    return run


@kernel
def two_mm(t):
    def run(alpha, beta, a, b, c, d):
        d *= beta
        d += alpha * (a @ b) @ c
    return run


@kernel
def fdtd2d(t):
    def run(ex, ey, hz, source):
        for value in source:
            ey[0] = value
            ey[1:] -= 0.5 * (hz[1:] - hz[:-1])
            ex[:, 1:] -= 0.5 * (hz[:, 1:] - hz[:, :-1])
            hz[:-1, :-1] -= 0.7 * (ex[:-1, 1:] - ex[:-1, :-1] + ey[1:, :-1] - ey[:-1, :-1])
    return run


@kernel
def hdiff(t):
    def run(field, coefficient, result):
        laplacian = 4 * field[1:-1, 1:-1] - (
            field[2:, 1:-1] + field[:-2, 1:-1] + field[1:-1, 2:] + field[1:-1, :-2])
        change = laplacian[1:, 1:-1] - laplacian[:-1, 1:-1]
        flux_x = np.where(change * (field[2:-1, 2:-2] - field[1:-2, 2:-2]) > 0, 0, change)
        change = laplacian[1:-1, 1:] - laplacian[1:-1, :-1]
        flux_y = np.where(change * (field[2:-2, 2:-1] - field[2:-2, 1:-2]) > 0, 0, change)
        flux = flux_x[1:] - flux_x[:-1] + flux_y[:, 1:] - flux_y[:, :-1]
        result[...] = field[2:-2, 2:-2] - coefficient * flux
    return run


@kernel
def wrap2d(t):
    fifth = np.float32(0.2)

    def run(steps, a, b):
        for _ in range(steps):
            b[...] = a
            for axis in range(2):
                b += np.roll(a, 1, axis) + np.roll(a, -1, axis)
            np.multiply(b, fifth, out=a)
    return run


@kernel
def wrap3d(t):
    def run(steps, a, b):
        for _ in range(steps):
            b[...] = a
            for axis in range(3):
                b += np.roll(a, 1, axis) + np.roll(a, -1, axis)
            np.divide(b, np.float32(7), out=a)
    return run


@kernel
def azimint(t):
    def run(radius, data, counts, mean):
        width = radius.max() / counts.size
        k = np.minimum((radius / width).astype(np.int64), counts.size - 1)
        counts[...] = np.bincount(k, minlength=counts.size)
        mean[...] = np.bincount(k, data, minlength=counts.size) / np.maximum(counts, 1)
    return run


@kernel
def quicksort(t):
    return lambda x: x.sort()


@kernel
def parse(t):
    def run(text, values):
        found = np.fromstring(text.tobytes().decode(), dtype=np.int64, sep="\n")
        values[:found.size] = found
        return found.size
    return run


@kernel
def gather(t):
    def run(at, x, y):
        np.take(x, at, out=y, mode="clip")
    return run


@kernel
def histogram_u8(t):
    def run(x, counts):
        counts[...] = np.minimum(np.bincount(x, minlength=256), 255)
    return run
