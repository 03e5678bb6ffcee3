"""Integers: counting, searching, bits, text."""
import numpy as np
from numba import prange

from numba_kernels.kernel import kernel


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
