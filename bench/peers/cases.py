"""What is measured: every kernel with its data, and how its results are judged.

A case is called with its data by name. Einkorn's parameters, and those of the Python versions, have
these names; the C++ versions take them in the order of `call`. What a kernel returns is `result`.
"""
import dataclasses
from collections.abc import Callable

import numpy as np

TYPES = {
    "bool": np.bool_, "i8": np.int8, "i32": np.int32, "i64": np.int64, "u8": np.uint8,
    "u16": np.uint16, "u32": np.uint32, "u64": np.uint64, "f32": np.float32, "f64": np.float64,
}


@dataclasses.dataclass(frozen=True)
class Near:
    """Floats may differ by this part of the greatest of them, as sums have another order."""
    limit: float

    def judge(self, reference, got):
        scale = np.max(np.abs(reference), initial=0.0) + 1e-300
        apart = np.abs(got.astype(float) - reference.astype(float))
        return float(np.max(apart, initial=0.0) / scale)


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


# --- the cases of every competitor ----------------------------------------------------

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


# --- public benchmarks, for C++, Numba and NumPy --------------------------------------

def stream(call, writes, *reads):
    scalars = {"s": np.float64(0.4)} if "s" in call.split() else {}

    def make(t, rng):
        n = 1 << 23
        data = {name: floats(rng, n, np.float64) for name in reads}
        return dict(n=np.int64(n), **scalars, **data, **{writes: np.zeros(n)})
    return make


for kernel_name, kernel_call, written, *read in (
        ("copy", "n a c", "c", "a"), ("scale", "n s b c", "b", "c"),
        ("add", "n a b c", "c", "a", "b"), ("triad", "n s a b c", "a", "b", "c")):
    make_stream = stream(kernel_call, written, *read)
    make_stream.__name__ = kernel_name
    case("stream", kernel_call, outputs=written)(make_stream)


@case("stream", "n theta1 phi1 theta2 phi2 d", outputs="d")
def arc_distance(t, rng):
    n = 1 << 20
    angles = {name: np.pi * (rng.random(n) - 0.5) for name in ("theta1", "phi1", "theta2", "phi2")}
    return dict(n=np.int64(n), **angles, d=np.zeros(n))


@case("stream", "rows n x y", outputs="y")
def softmax(t, rng):
    rows, n = 8192, 256
    return dict(rows=np.int64(rows), n=np.int64(n), x=10 * floats(rng, (rows, n), np.float32),
                y=np.zeros((rows, n), np.float32))


@case("stream", "n a y", outputs="y")
def go_fast(t, rng):
    n = 2048
    return dict(n=np.int64(n), a=rng.random((n, n)), y=np.zeros((n, n)))


@case("stream", "n low high x y", outputs="y")
def clip(t, rng):
    n = 1 << 23
    return dict(n=np.int64(n), low=np.float32(0.2), high=np.float32(0.7),
                x=floats(rng, n, np.float32), y=np.zeros(n, np.float32))


@case("dense", "n a", changes="a")
def lu(t, rng):
    n = 400
    return dict(n=np.int64(n), a=rng.random((n, n)) + n * np.eye(n))


@case("dense", "n a", changes="a")
def cholesky(t, rng):
    n = 500
    a = rng.random((n, n))
    return dict(n=np.int64(n), a=a @ a.T + n * np.eye(n))


@case("dense", "n r y", outputs="y")
def durbin(t, rng):
    n = 4000
    return dict(n=np.int64(n), r=0.9 ** np.arange(1, n + 1) * rng.random(n) * 0.5, y=np.zeros(n))


@case("dense", "m n a x y", outputs="y")
def atax(t, rng):
    m, n = 1900, 2100
    return dict(m=np.int64(m), n=np.int64(n), a=rng.random((m, n)), x=rng.random(n), y=np.zeros(n))


@case("dense", "n alpha beta a u1 v1 u2 v2 x y z w", changes="a x", outputs="a x w")
def gemver(t, rng):
    n = 2000
    vectors = {name: rng.random(n) for name in ("u1", "v1", "u2", "v2", "x", "y", "z")}
    return dict(n=np.int64(n), alpha=np.float64(1.5), beta=np.float64(1.2), a=rng.random((n, n)),
                **vectors, w=np.zeros(n))


@case("dense", "n m alpha beta a c", changes="c")
def syrk(t, rng):
    n, m = 400, 480
    return dict(n=np.int64(n), m=np.int64(m), alpha=np.float64(1.5), beta=np.float64(1.2),
                a=rng.random((n, m)), c=rng.random((n, n)))


@case("dense", "m n alpha a b", changes="b")
def trmm(t, rng):
    m, n = 400, 480
    return dict(m=np.int64(m), n=np.int64(n), alpha=np.float64(1.5), a=rng.random((m, m)),
                b=rng.random((m, n)))


@case("dense", "n alpha beta a b c d", changes="d")
def two_mm(t, rng):
    n = 400
    matrices_ = {name: rng.random((n, n)) for name in "abcd"}
    return dict(n=np.int64(n), alpha=np.float64(1.5), beta=np.float64(1.2), **matrices_)


@case("dense", "pictures h w inputs k channels x weights bias y", outputs="y")
def conv2d(t, rng):
    pictures, size, inputs, k, channels = 4, 64, 3, 5, 16
    out = size - k + 1
    return dict(pictures=np.int64(pictures), h=np.int64(size), w=np.int64(size),
                inputs=np.int64(inputs), k=np.int64(k), channels=np.int64(channels),
                x=floats(rng, (pictures, size, size, inputs), np.float32),
                weights=floats(rng, (k, k, inputs, channels), np.float32),
                bias=floats(rng, channels, np.float32),
                y=np.zeros((pictures, out, out, channels), np.float32))


@case("stencil", "n steps a", changes="a")
def seidel2d(t, rng):
    n = 500
    return dict(n=np.int64(n), steps=np.int64(20), a=rng.random((n, n)))


@case("stencil", "m n steps ex ey hz source", changes="ex ey hz")
def fdtd2d(t, rng):
    m, n, steps = 600, 700, 20
    fields = {name: rng.random((m, n)) for name in ("ex", "ey", "hz")}
    return dict(m=np.int64(m), n=np.int64(n), steps=np.int64(steps), **fields,
                source=rng.random(steps))


@case("stencil", "m n k field coefficient flux_x flux_y laplacian result", outputs="result")
def hdiff(t, rng):
    m, n, k = 128, 128, 64
    return dict(m=np.int64(m), n=np.int64(n), k=np.int64(k), field=rng.random((m + 4, n + 4, k)),
                coefficient=rng.random((m, n, k)), flux_x=np.zeros((m + 1, n, k)),
                flux_y=np.zeros((m, n + 1, k)), laplacian=np.zeros((m + 2, n + 2, k)),
                result=np.zeros((m, n, k)))


@case("stencil", "m n k rate stage u wind position tendency c d", changes="stage")
def vadv(t, rng):
    m, n, k = 128, 128, 64
    arrays = {name: rng.random((m, n, k)) for name in ("stage", "u", "position", "tendency")}
    return dict(m=np.int64(m), n=np.int64(n), k=np.int64(k), rate=np.float64(3 / 20), **arrays,
                wind=rng.random((m + 1, n, k)), c=np.zeros((m, n, k)), d=np.zeros((m, n, k)))


@case("stencil", "n steps a b", changes="a", outputs="a")
def wrap2d(t, rng):
    n = 1024
    return dict(n=np.int64(n), steps=np.int64(10), a=floats(rng, (n, n), np.float32),
                b=np.zeros((n, n), np.float32))


@case("stencil", "n steps a b", changes="a", outputs="a")
def wrap3d(t, rng):
    n = 128
    return dict(n=np.int64(n), steps=np.int64(4), a=floats(rng, (n, n, n), np.float32),
                b=np.zeros((n, n, n), np.float32))


@case("simulate", "h w picture", outputs="picture", tolerance=Few(0.01, apart=0.02))
def aobench(t, rng):
    n = 192
    return dict(h=np.int64(n), w=np.int64(n), picture=np.zeros((n, n), np.float32))


@case("simulate", "n price strike years value", outputs="value")
def binomial(t, rng):
    n = 256
    return dict(n=np.int64(n), price=5 + 25 * rng.random(n), strike=1 + 99 * rng.random(n),
                years=0.25 + 9.75 * rng.random(n), value=np.zeros(n))


@case("simulate", "n sweeps likely spins", changes="spins")
def ising(t, rng):
    n = 512
    # A flip that costs energy has the probability exp(-2 energy / temperature).
    likely = np.exp(np.minimum(0, -2 * np.arange(-4, 5) / 2.27)).astype(np.float32)
    return dict(n=np.int64(n), sweeps=np.int64(10), likely=likely,
                spins=rng.choice(np.array([-1, 1], np.int8), (n, n)))


@case("simulate", "most cells radius x y active grid", outputs="x y", result="i64")
def poisson_disk(t, rng):
    most, radius = 20000, 0.01
    cells = int(np.ceil(np.sqrt(2) / radius))
    return dict(most=np.int64(most), cells=np.int64(cells), radius=np.float64(radius),
                x=np.zeros(most), y=np.zeros(most), active=np.zeros(most, np.int32),
                grid=np.zeros((cells, cells), np.int32))


@case("simulate", "n bins x1 y1 z1 w1 x2 y2 z2 w2 radii pairs", outputs="pairs")
def gpairs(t, rng):
    n, bins = 1536, 20
    places = {name: rng.random(n) for name in ("x1", "y1", "z1", "w1", "x2", "y2", "z2", "w2")}
    return dict(n=np.int64(n), bins=np.int64(bins), **places,
                radii=np.logspace(-2, 0, bins) ** 2 / 4, pairs=np.zeros(bins))


@case("integer", "n rings radius data counts mean", outputs="counts mean")
def azimint(t, rng):
    n, rings = 1 << 22, 1000
    return dict(n=np.int64(n), rings=np.int64(rings), radius=rng.random(n), data=rng.random(n),
                counts=np.zeros(rings, np.int64), mean=np.zeros(rings))


@case("integer", "n data", result="u16")
def crc16(t, rng):
    n = 1_000_000
    return dict(n=np.int64(n), data=rng.integers(0, 256, n).astype(np.uint8))


@case("integer", "n x", changes="x")
def quicksort(t, rng):
    n = 500_000
    return dict(n=np.int64(n), x=rng.integers(-2**31, 2**31, n).astype(np.int32))


@case("integer", "n most text values", outputs="values", result="i64")
def parse(t, rng):
    most = 500_000
    text = "".join(f"{x}\n" for x in rng.integers(-10**6, 10**6, most))
    letters_ = np.frombuffer(text.encode(), np.uint8).copy()
    return dict(n=np.int64(letters_.size), most=np.int64(most), text=letters_,
                values=np.zeros(most, np.int64))


@case("integer", "n m at x y", outputs="y", types="i32 u32")
def gather(t, rng):
    n, m = 1 << 22, 1 << 20
    return dict(n=np.int64(n), m=np.int64(m), at=rng.integers(0, m, n).astype(t), x=rng.random(m),
                y=np.zeros(n))


@case("integer", "n x counts", outputs="counts")
def histogram_u8(t, rng):
    n = 1 << 23
    return dict(n=np.int64(n), x=rng.integers(0, 256, n).astype(np.uint8),
                counts=np.zeros(256, np.uint8))


@case("table", "n bases table", outputs="table", result="i32")
def nussinov(t, rng):
    n = 500
    return dict(n=np.int64(n), bases=letters(rng, n), table=np.zeros((n, n), np.int32))
