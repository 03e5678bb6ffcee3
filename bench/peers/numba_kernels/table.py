"""Tables filled from earlier entries, and sparse matrices."""
import numpy as np
from numba import prange

from numba_kernels.kernel import kernel


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
