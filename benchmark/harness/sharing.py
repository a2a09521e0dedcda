"""The environment of a process that shares the machine with others like it."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.harness.devices import VISIBLE

THREAD_LIMITS = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")
"""Variables that bound the threads of the libraries in it."""


def share(threads: int, number: int = 0, accelerators: Sequence[str] = ()) -> dict[str, str]:
    """Variables of the ``number``-th process.

    Args:
        threads: that its libraries may use.
        accelerators: CUDA devices that the processes are spread over, one for each in turn; empty: as they come.
    """
    device = {VISIBLE: accelerators[number % len(accelerators)]} if accelerators else {}
    return dict.fromkeys(THREAD_LIMITS, str(threads)) | device
