"""Linear algebra on dense matrices."""
import math

import numpy as np
from numba import prange

from numba_kernels.kernel import kernel


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
