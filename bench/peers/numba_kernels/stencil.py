"""Each element from its neighbours."""
import numba
import numpy as np
from numba import prange

from numba_kernels.kernel import kernel


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
