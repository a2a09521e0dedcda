"""The backbone that a worker process keeps from one cell to the next."""

from __future__ import annotations

import ctypes
import gc
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.hashing import sha256_json
from methods import registry

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone
    from benchmark.harness.job import Job


def holding(job: Job) -> str:
    """Equal for jobs that one worker process can serve one after the other: what it has loaded serves them all.

    Methods that need other parts of a backbone (its output head, say) have it loaded in another way.
    """
    backbone = job.request.backbone
    needs = sorted(registry.find(job.request.method.name).card.needs)
    settings = [str(job.folder), job.threads, job.deterministic]
    return sha256_json([backbone and backbone.model_dump(mode="json"), job.backbone, needs, *settings])


@dataclass(frozen=True)
class Taken:
    """A backbone for a cell; None for a method without one.

    Attributes:
        seconds: that loading took; None where nothing was loaded.
        before: it was loaded for an earlier cell.
    """

    backbone: Backbone | None
    seconds: float | None
    before: bool


class Held:
    """Loads what a job needs unless the last job's is the same. Never holds two at once.

    Args:
        load: loads a job's backbone.
    """

    def __init__(self, load: Callable[[Job], Backbone | None]) -> None:
        self._load = load
        self._holding: str | None = None
        self._backbone: Backbone | None = None

    def take(self, job: Job) -> Taken:
        """The job's backbone."""
        wanted = holding(job)
        if self._backbone is not None and self._holding == wanted:
            _give_back()
            return Taken(self._backbone, None, before=True)
        self._backbone = self._holding = None
        _give_back()
        started = time.perf_counter()
        self._backbone = self._load(job)
        self._holding = wanted
        return Taken(self._backbone, time.perf_counter() - started if self._backbone else None, before=False)


def _give_back() -> None:
    """Give memory back that an earlier cell does not need any more, so that it is not counted as this one's."""
    gc.collect()
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
