"""Loops over arrays that touch each element once or twice."""
import math

import numba
import numpy as np
from numba import prange

from numba_kernels.kernel import kernel


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
