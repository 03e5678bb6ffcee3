"""The kernels for Numba. With `parallel`, prange is a loop of several threads; without, a range.

Constants are of the case's type, or Numba would go on in f64.
"""
from numba_kernels import dense, integer, simulate, stencil, stream, table  # noqa: F401
from numba_kernels.kernel import KERNELS, make_run, start  # noqa: F401
