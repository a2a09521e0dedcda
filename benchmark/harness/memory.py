"""Peak memory of a stretch of work in this process."""

from __future__ import annotations

import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

INTERVAL = 0.01
"""Seconds between two samples of the resident set."""


class PeakMemory:
    """Most memory above a baseline.

    On CUDA the allocator's own peak counts; on a CPU the resident set is sampled, so a peak shorter than the sampling
    interval may be missed.

    Args:
        device: torch device type the model is on, ``cpu`` or ``cuda``.
    """

    def __init__(self, device: str) -> None:
        self._device = device
        self._process = psutil.Process()
        self._baseline = self._now()
        self.above_baseline = 0

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Sets ``above_baseline`` (bytes) to the peak within the block."""
        if self._device == "cuda":
            import torch

            torch.cuda.reset_peak_memory_stats()
            yield
            peak = torch.cuda.max_memory_allocated()
        else:
            samples = [self._now()]
            stop = threading.Event()
            sampler = threading.Thread(target=self._sample, args=(samples, stop), daemon=True)
            sampler.start()
            try:
                yield
            finally:
                stop.set()
                sampler.join()
            peak = max(samples[0], self._now())
        self.above_baseline = max(0, peak - self._baseline)

    def _sample(self, samples: list[int], stop: threading.Event) -> None:
        while not stop.wait(INTERVAL):
            samples[0] = max(samples[0], self._now())

    def _now(self) -> int:
        if self._device == "cuda":
            import torch

            return int(torch.cuda.memory_allocated())
        return int(self._process.memory_info().rss)


def process_peak() -> int:
    """Bytes of this process's largest resident set since it began; of a GPU's memory nothing is in it."""
    # Linux tells kibibytes, macOS bytes.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
