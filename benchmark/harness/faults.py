"""Errors that are the machine's and not a query's: memory that ran out, a device that does not answer any more."""

from __future__ import annotations

import sys

from benchmark.errors import MachineFault

_CPU_MEMORY = ("can't allocate memory", "not enough memory")
"""What torch says, as a plain RuntimeError, when a processor's memory runs out."""

_DEVICE = ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "device-side assert")


def machine_fault(error: BaseException) -> MachineFault | None:
    """The fault that an exception of a method stands for; None where it is the query's own.

    After a fault of the device every later query of the process would fail with it; after an out-of-memory the next
    query may do, but whether this one has a score depends on the machine. Neither is a result of the method.
    """
    said = " ".join(str(error).split()) or type(error).__name__
    if _is_torch(error, "OutOfMemoryError") or isinstance(error, MemoryError):
        return MachineFault("out of memory", said)
    if isinstance(error, RuntimeError) and any(words in said for words in _CPU_MEMORY):
        return MachineFault("out of memory", said)
    if _is_torch(error, "AcceleratorError") or (
        isinstance(error, RuntimeError) and any(words in said for words in _DEVICE)
    ):
        return MachineFault("device fault", said)
    return None


def _is_torch(error: BaseException, name: str) -> bool:
    """Whether it is torch's exception of that name; without loading torch, which many methods do not need."""
    kind = getattr(sys.modules.get("torch"), name, None)
    return kind is not None and isinstance(error, kind)
