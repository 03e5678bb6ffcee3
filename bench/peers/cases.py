"""What is measured: every kernel with its data, and how its results are judged.

A case is called with its data by name. Einkorn's parameters, and those of the Python versions, have
these names; the C++ versions take them in the order of `call`. What a kernel returns is `result`.
"""
import dataclasses
from collections.abc import Callable

import numpy as np

TYPES = {
    "f32": np.float32, "f64": np.float64, "i32": np.int32, "i64": np.int64,
    "u8": np.uint8, "u32": np.uint32, "u64": np.uint64, "i8": np.int8, "bool": np.bool_,
}


@dataclasses.dataclass(frozen=True)
class Near:
    """Floats may differ by this part of the greatest of them, as sums have another order."""
    limit: float

    def judge(self, reference, got):
        scale = np.max(np.abs(reference), initial=0.0) + 1e-300
        return float(np.max(np.abs(got.astype(float) - reference.astype(float)), initial=0.0) / scale)


@dataclasses.dataclass(frozen=True)
class Few:
    """This part of the elements may differ, where rounding decides which way a program goes."""
    limit: float
    apart: float = 0.0  # by how much they must differ to count

    def judge(self, reference, got):
        return float(np.mean(np.abs(got.astype(float) - reference.astype(float)) > self.apart))


EQUAL = Near(0.0)
DEFAULT = {"f": {4: Near(2e-4), 8: Near(1e-9)}}


@dataclasses.dataclass
class Case:
    name: str           # `saxpy f32`
    base: str           # what the Python versions are called, and C++'s without the type
    type: str | None    # its type argument
    file: str           # where Einkorn's version is
    kernel: str         # its name there
    symbol: str         # the name of the C++ version
    call: list[str]
    result: str | None  # the type of what is returned
    changes: list[str]  # arrays that must be as before for the next run
    outputs: list[str]
    tolerance: object
    everywhere: bool    # for all competitors, else for C++, Numba and NumPy only
    is_slow: bool       # seconds a run
    make: Callable[[], dict]

    def difference(self, reference, got):
        """How far results are from the reference, and whether that is near enough."""
        worst, is_right = 0.0, True
        for name in self.outputs:
            a, b = np.atleast_1d(reference[name]), np.atleast_1d(got[name])
            if a.size != b.size:
                return float("inf"), False
            a, b = a.ravel(), b.ravel()
            both_nan = np.isnan(a.astype(float)) & np.isnan(b.astype(float))
            tolerance = self.tolerance or DEFAULT.get(a.dtype.kind, {}).get(a.dtype.itemsize, EQUAL)
            value = tolerance.judge(a[~both_nan], b[~both_nan])
            worst = max(worst, value)
            is_right = is_right and value <= tolerance.limit
        return worst, is_right


CASES: list[Case] = []


def case(file, call, changes="", outputs="", result=None, types="", kernel=None, tolerance=None,
         everywhere=False, symbol=None, slow=False):
    """Adds a case for each of `types`. The function makes the data, of the type it is given."""
    def add(make):
        for type_name in types.split() or [None]:
            shown = make.__name__.strip("_")
            base = symbol or shown
            written = outputs.split() or changes.split()
            returned = type_name if result == "T" else result
            CASES.append(Case(
                name=f"{shown} {type_name}" if type_name else shown, base=base, type=type_name,
                file=file, kernel=kernel or base,
                symbol=base + (f"_{type_name}" if type_name else ""),
                call=call.split(), result=returned, changes=changes.split(),
                outputs=written + (["result"] if returned else []),
                tolerance=tolerance.get(type_name) if isinstance(tolerance, dict) else tolerance,
                everywhere=everywhere, is_slow=slow,
                make=lambda t=TYPES.get(type_name), m=make: m(t, np.random.default_rng(7))))
        return make
    return add


def floats(rng, shape, t):
    return rng.random(shape, dtype=t)


def numbers(rng, shape, t):
    """Floats in [0, 1), or small integers."""
    if np.dtype(t).kind == "f":
        return rng.random(shape, dtype=t)
    return rng.integers(-100, 100, shape).astype(t)


def letters(rng, n):
    return rng.integers(0, 4, n).astype(np.uint8)


# --- the cases of every competitor -----------------------------------------------------------------

@case("stream", "n a x y", changes="y", types="f32 f64", everywhere=True)
def saxpy(t, rng):
    n = 1 << 24
    return dict(n=np.int64(n), a=t(2.5), x=floats(rng, n, t), y=floats(rng, n, t))


# In f32 a sum in one variable is far off after so many terms.
LOOSE = {"f32": Near(0.1)}


@case("stream", "n x", result="T", types="f32 f64 i32 i64", kernel="total", tolerance=LOOSE,
      everywhere=True)
def sum_(t, rng):
    n = 1 << 24
    return dict(n=np.int64(n), x=numbers(rng, n, t))


@case("stream", "n x y", result="T", types="f32 f64", kernel="inner_product", tolerance=LOOSE,
      everywhere=True)
def dot(t, rng):
    n = 1 << 24
    return dict(n=np.int64(n), x=floats(rng, n, t), y=floats(rng, n, t))


def matrices(n):
    def make(t, rng):
        return dict(n=np.int64(n), a=numbers(rng, (n, n), t), b=numbers(rng, (n, n), t),
                    c=np.zeros((n, n), t))
    return make


for order in ("ijk", "ikj"):
    for size, element_types in ((512, "f32 f64 i32"), (1024, "f32 f64")):
        make_matrices = matrices(size)
        make_matrices.__name__ = f"gemm_{order}_{size}"
        case("dense", "n a b c", outputs="c", types=element_types, kernel=f"gemm_{order}",
             symbol=f"gemm_{order}", everywhere=True,
             slow=order == "ijk" and size == 1024)(make_matrices)


@case("stencil", "n steps a b", changes="a b", types="f32 f64", everywhere=True)
def jacobi2d(t, rng):
    n = 2048
    a = floats(rng, (n, n), t)
    return dict(n=np.int64(n), steps=np.int64(20), a=a, b=a.copy())


@case("stencil", "n steps a b", changes="a b", types="f32 f64", everywhere=True)
def heat3d(t, rng):
    n = 128
    a = floats(rng, (n, n, n), t)
    return dict(n=np.int64(n), steps=np.int64(10), a=a, b=a.copy())


@case("simulate", "n limit picture", outputs="picture", types="f32 f64", tolerance=Few(0.01),
      everywhere=True)
def mandel(t, rng):
    n = 1024
    return dict(n=np.int64(n), limit=np.int32(200), picture=np.zeros((n, n), np.int32))


@case("simulate", "n x y z mass ax ay az", outputs="ax ay az", types="f32 f64", everywhere=True)
def nbody(t, rng):
    n = 4096
    data = {name: floats(rng, n, t) for name in ("x", "y", "z", "mass")}
    return dict(n=np.int64(n), **data, **{name: np.zeros(n, t) for name in ("ax", "ay", "az")})


@case("stream", "n price strike years call put", outputs="call put", types="f32 f64",
      everywhere=True)
def black_scholes(t, rng):
    n = 1 << 22
    return dict(n=np.int64(n), price=(5 + 25 * rng.random(n)).astype(t),
                strike=(1 + 99 * rng.random(n)).astype(t),
                years=(0.25 + 9.75 * rng.random(n)).astype(t), call=np.zeros(n, t),
                put=np.zeros(n, t))


@case("integer", "n x counts", outputs="counts", everywhere=True)
def histogram(t, rng):
    n = 1 << 24
    return dict(n=np.int64(n), x=rng.integers(0, 256, n).astype(np.int32),
                counts=np.zeros(256, np.int32))


@case("stream", "n x y", outputs="y", everywhere=True)
def scan(t, rng):
    n = 1 << 24
    return dict(n=np.int64(n), x=rng.integers(-100, 100, n), y=np.zeros(n, np.int64))


@case("integer", "n", result="i64", everywhere=True)
def collatz(t, rng):
    return dict(n=np.int64(1_000_000))


@case("stencil", "n a b", outputs="b", everywhere=True)
def blur(t, rng):
    n = 2048
    return dict(n=np.int64(n), a=rng.integers(0, 256, (n, n)).astype(np.uint8),
                b=np.zeros((n, n), np.uint8))


@case("integer", "n is_prime", outputs="is_prime", result="i64", everywhere=True)
def sieve(t, rng):
    n = 5_000_000
    return dict(n=np.int64(n), is_prime=np.zeros(n + 1, np.uint8))


@case("integer", "n", result="i64", everywhere=True)
def primes(t, rng):
    return dict(n=np.int32(1_000_000))


@case("table", "n count starts columns values x y", outputs="y", types="f32 f64", everywhere=True)
def spmv(t, rng):
    n, row = 1 << 18, 16
    return dict(n=np.int64(n), count=np.int64(n * row),
                starts=(np.arange(n + 1) * row).astype(np.int32),
                columns=np.sort(rng.integers(0, n, (n, row)), axis=1).astype(np.int32).ravel(),
                values=floats(rng, n * row, t), x=floats(rng, n, t), y=np.zeros(n, t))


@case("table", "n ways", changes="ways", everywhere=True)
def floyd(t, rng):
    n = 512
    ways = rng.integers(1, 1000, (n, n)).astype(np.int32)
    ways[rng.random((n, n)) < 0.9] = 100_000_000
    return dict(n=np.int64(n), ways=ways)


@case("table", "n a b", result="i32", everywhere=True)
def levenshtein(t, rng):
    n = 4096
    return dict(n=np.int64(n), a=letters(rng, n), b=letters(rng, n))


@case("table", "n a b score", outputs="score", result="i32", everywhere=True)
def smith_waterman(t, rng):
    n = 4096
    return dict(n=np.int64(n), a=letters(rng, n), b=letters(rng, n),
                score=np.zeros((n + 1, n + 1), np.int32))


@case("stencil", "n steps a b", changes="a b", outputs="a", everywhere=True)
def life(t, rng):
    n = 2048
    a = np.zeros((n, n), np.uint8)
    a[1:-1, 1:-1] = rng.random((n - 2, n - 2)) < 0.35
    return dict(n=np.int64(n), steps=np.int64(20), a=a, b=np.zeros((n, n), np.uint8))


@case("simulate", "n", result="i64", everywhere=True)
def mcpi(t, rng):
    return dict(n=np.int64(1 << 24))
