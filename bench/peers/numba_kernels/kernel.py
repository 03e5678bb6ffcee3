"""How the kernels for Numba are made and called."""
import numba

import competitors

KERNELS = {}


def kernel(make=None, *, is_parallel=True):
    """A maker is given the element type and the decorator to compile with."""
    if make is None:
        return lambda f: kernel(f, is_parallel=is_parallel)
    make.is_parallel = is_parallel
    KERNELS[make.__name__.rstrip("_")] = make
    return make


def start(threads):
    numba.set_num_threads(threads)


def make_run(maker, case, data, parallel):
    if parallel and not maker.is_parallel:
        raise competitors.Missing("no version")
    t = competitors.TYPES.get(case.type)
    function = maker(t, numba.njit(parallel=parallel))
    return competitors.Run(case, data, competitors.by_name(function, data))
