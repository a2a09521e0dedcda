"""Keep freed memory in the process, so that every forward pass does not ask the system for it again."""

from __future__ import annotations

import ctypes
import platform
from collections.abc import Iterator
from contextlib import contextmanager

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP = (2**31 - 1, 2**30)
_USUAL = (2**26, 2**25)
"""Where glibc's own thresholds arrive after a few large blocks were freed (mallopt(3), M_MMAP_THRESHOLD)."""


def keep_freed_memory() -> None:
    """Tell glibc's malloc not to give large blocks back; does nothing with another C library.

    A forward pass on a CPU frees and needs again tens of megabytes in every layer. By default each such block is
    returned to the system and its pages are faulted in anew the next time, which costs several percent of the whole
    pass (``python -m benchmark.perf.attention`` shows it). Peak memory does not grow.
    """
    _set(*_KEEP)


@contextmanager
def usual_allocator() -> Iterator[None]:
    """Within the block malloc behaves as in a process that never called `keep_freed_memory`; for comparisons."""
    _set(*_USUAL)
    try:
        yield
    finally:
        _set(*_KEEP)


def _set(trim: int, mmap: int) -> None:
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(_M_TRIM_THRESHOLD, trim)
        libc.mallopt(_M_MMAP_THRESHOLD, mmap)
