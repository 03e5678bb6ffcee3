"""The competitors: each makes a `Run` of a case and its data, or says why it has none.

All that work on NumPy's memory share the arrays of a case, so that none has a better place.
"""
import ctypes
import importlib
import inspect
import os
import sys
import time

import numpy as np

from cases import TYPES

THREADS = 2
CACHE = os.path.join(os.path.dirname(sys.prefix), "bench-cache")  # beside the Python environment
TYPE_NAMES = {np.dtype(t): name for name, t in TYPES.items()}
C_TYPES = {"bool": ctypes.c_bool, "i8": ctypes.c_int8, "i32": ctypes.c_int32, "i64": ctypes.c_int64,
           "u8": ctypes.c_uint8, "u16": ctypes.c_uint16, "u32": ctypes.c_uint32,
           "u64": ctypes.c_uint64, "f32": ctypes.c_float, "f64": ctypes.c_double}


class Missing(Exception):
    """A competitor that is not there, or has no version of a case; the text says why."""


class Failed(Exception):
    """A run that ended with an error; the text is the error's."""


class Data(dict):
    """The data of a case by name, with copies of the arrays that runs write."""

    def __init__(self, case):
        super().__init__(case.make())
        self.first = {name: self[name].copy() for name in {*case.changes, *case.outputs} & {*self}}


class Run:
    """One competitor on one case. `call` returns the kernel's result, or None."""

    def __init__(self, case, data, call):
        self.case, self.data, self.call = case, data, call
        self.result = None
        self.compile_seconds = None

    def prepare(self, everything=False):
        """Puts back what a run changes; everything that it writes, if asked for."""
        for name, values in self.data.first.items():
            if everything or name in self.case.changes:
                self.restore(name, values)

    def restore(self, name, values):
        self.data[name][...] = values

    def once(self, clock=time.perf_counter):
        """Runs the kernel; the seconds that took."""
        begin = clock()
        result = self.call()
        seconds = clock() - begin
        if result is not None:
            self.result = result
        return seconds

    def outputs(self):
        """Copies of what the last run gave."""
        return {name: np.asarray(self.result) if name == "result" else np.array(self.data[name])
                for name in self.case.outputs}

    def close(self):
        pass


def by_name(function, data):
    """A call of `function` with the data that its parameters are named after."""
    names = inspect.signature(getattr(function, "py_func", function)).parameters
    arguments = [data[name] for name in names]
    return lambda: function(*arguments)


class Cpp:
    """A library of the kernels in C++ by one compiler."""

    def __init__(self, library):
        if not os.path.exists(library):
            raise Missing("its compiler is not installed")
        self.library = ctypes.CDLL(library)

    def run(self, case, data):
        try:
            function = getattr(self.library, case.symbol)
        except AttributeError:
            raise Missing("no version") from None
        function.restype = C_TYPES[case.result] if case.result else None
        arguments = []
        for name in case.call:
            value = data[name]
            if isinstance(value, np.ndarray):
                arguments.append(ctypes.c_void_p(value.ctypes.data))
            else:
                arguments.append(C_TYPES[TYPE_NAMES[value.dtype]](value.item()))
        return Run(case, data, lambda: function(*arguments))

    @staticmethod
    def version(program):
        return os.popen(f"{program} --version").readline().strip()


class Einkorn:
    """A build of Einkorn, in one mode and with a number of threads."""

    def __init__(self, library, kernels, is_unchecked, threads):
        if not os.path.exists(library):
            raise Missing(f"{library} is not built")
        self.kernels, self.is_unchecked, self.threads = kernels, is_unchecked, threads
        self.library = ctypes.CDLL(library)
        self.library.einkorn_open.restype = ctypes.c_void_p
        self.library.einkorn_why.restype = ctypes.c_char_p
        self.library.einkorn_compile.restype = ctypes.c_double

    def run(self, case, data):
        lib = self.library
        types = (ctypes.c_char_p * 1)(case.type.encode()) if case.type else None
        path = os.path.join(self.kernels, case.file + ".ek")
        call = ctypes.c_void_p(
            lib.einkorn_open(path.encode(), case.kernel.encode(), types, 1 if case.type else 0))

        def checked(is_right):
            if not is_right:
                why = lib.einkorn_why(call).decode()
                lib.einkorn_close(call)
                raise Failed(why)

        checked(not lib.einkorn_why(call))
        for name, value in data.items():
            if isinstance(value, np.ndarray):
                sizes = (ctypes.c_int64 * value.ndim)(*value.shape)
                status = lib.einkorn_bind_array(
                    call, name.encode(), TYPE_NAMES[value.dtype].encode(), value.ndim, sizes,
                    ctypes.c_void_p(value.ctypes.data))
            else:
                text = str(value).lower() if value.dtype == bool else repr(value.item())
                if value.dtype == np.float32:
                    text = str(value)
                status = lib.einkorn_bind_scalar(call, name.encode(), text.encode())
            checked(status == 0)
        seconds = lib.einkorn_compile(call, self.is_unchecked)
        checked(seconds >= 0)

        bits = ctypes.c_uint64(0)
        result_type = np.dtype(TYPES[case.result]) if case.result else None
        run, unchecked, threads, into = lib.einkorn_run, self.is_unchecked, self.threads, \
            ctypes.byref(bits)

        def launch():
            if run(call, unchecked, threads, into):
                raise Failed(lib.einkorn_why(call).decode())
            if result_type is not None:
                return np.frombuffer(bits, np.uint8)[:result_type.itemsize].view(result_type)[0]
            return None

        made = Run(case, data, launch)
        made.compile_seconds = seconds
        made.close = lambda: lib.einkorn_close(call)
        return made


class Python:
    """A module of this folder, which has a maker for each kernel that it knows.

    KERNELS has them by name. A maker takes the element type of the case, or None; the module's
    `make_run` makes a Run of it.
    """

    def __init__(self, module, **options):
        try:
            self.module = importlib.import_module(module)
        except ImportError as error:
            raise Missing(f"not installed ({error})") from None
        self.options = options
        if hasattr(self.module, "start"):
            self.module.start(THREADS)

    def run(self, case, data):
        maker = self.module.KERNELS.get(case.base)
        if maker is None:
            raise Missing("no version")
        return self.module.make_run(maker, case, data, **self.options)


def competitors(build, kernels, baseline=None):
    """Name, title, threads and maker of each, in the order of the tables' columns."""
    peers = os.path.join(build, "bench", "peers")
    own = os.path.join(peers, "libeinkorn_c.so")
    cpp = lambda name: lambda: Cpp(os.path.join(peers, f"cpp_{name}.so"))
    rows = [
        ("einkorn", "Einkorn", 1, lambda: Einkorn(own, kernels, 0, 1)),
        ("unchecked", "Einkorn unchecked", 1, lambda: Einkorn(own, kernels, 1, 1)),
        ("einkorn2", "Einkorn", THREADS, lambda: Einkorn(own, kernels, 0, THREADS)),
        ("clang", "clang++ -O3", 1, cpp("clang")),
        ("gcc", "g++ -O3", 1, cpp("gcc")),
        ("fast", "clang++ -ffast-math", 1, cpp("fast")),
        ("trap", "clang++ trapping", 1, cpp("trap")),
        ("numba", "Numba", 1, lambda: Python("numba_kernels", parallel=False)),
        ("numba2", "Numba parallel", THREADS, lambda: Python("numba_kernels", parallel=True)),
        ("taichi", "Taichi", 1, lambda: Python("taichi_kernels")),
        ("warp", "Warp", 1, lambda: Python("warp_kernels")),
        ("numpy", "NumPy", 1, lambda: Python("numpy_kernels")),
    ]
    if baseline:
        other = os.path.join(baseline, "bench", "peers", "libeinkorn_c.so")
        rows.insert(3, ("before", "Einkorn before", 1, lambda: Einkorn(other, kernels, 0, 1)))
        rows.insert(4, ("before2", "Einkorn before", THREADS,
                        lambda: Einkorn(other, kernels, 0, THREADS)))
    return rows
