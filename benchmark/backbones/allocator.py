"""Keep freed memory in the process, so that every forward pass does not ask the system for it again."""

from __future__ import annotations

import ctypes
import platform

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_TRIM, _MMAP = 2**31 - 1, 2**30


def keep_freed_memory() -> None:
    """Tell glibc's malloc not to give large blocks back; does nothing with another C library.

    A forward pass on a CPU frees and needs again tens of megabytes in every layer. By default each such block is
    returned to the system and its pages are faulted in anew the next time, which costs several percent of the whole
    pass (``python -m benchmark.perf.attention`` shows it). Peak memory does not grow.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_TRIM_THRESHOLD, _TRIM)
        libc.mallopt(_M_MMAP_THRESHOLD, _MMAP)
