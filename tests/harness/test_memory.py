"""Peak memory on a processor: what is allocated within the block, and only that."""

from __future__ import annotations

import mmap
import threading
import time

import pytest

from benchmark.harness.memory import INTERVAL, PeakMemory

MIB = 1 << 20


def occupy(size: int) -> None:
    """Memory straight from the system, long enough to be sampled: the heap may hold freed blocks of other tests."""
    with mmap.mmap(-1, size) as block:
        for page in range(0, size, mmap.PAGESIZE):
            block[page] = 1
        time.sleep(20 * INTERVAL)


def test_a_peak_within_the_block_is_seen_after_it_is_gone() -> None:
    memory = PeakMemory("cpu")
    with memory.measured():
        occupy(64 * MIB)
    assert 50 * MIB < memory.above_baseline < 200 * MIB


def test_a_later_block_does_not_see_an_earlier_peak() -> None:
    memory = PeakMemory("cpu")
    with memory.measured():
        occupy(64 * MIB)
    with memory.measured():
        pass
    assert 0 <= memory.above_baseline < 50 * MIB


def test_the_sampler_ends_with_the_block_also_after_an_error() -> None:
    before = threading.active_count()
    memory = PeakMemory("cpu")

    def failing() -> None:
        with memory.measured():
            assert threading.active_count() == before + 1
            raise ValueError("inside")

    with pytest.raises(ValueError, match="inside"):
        failing()
    assert threading.active_count() == before


def test_memory_is_never_negative(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = PeakMemory("cpu")
    monkeypatch.setattr(PeakMemory, "_now", lambda _: 0)
    with memory.measured():
        pass
    assert memory.above_baseline == 0
