"""Freed blocks stay in the process: the next pass finds its memory there."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, statistics, sys, torch
if sys.argv[1] == "keep":
    from benchmark.backbones.allocator import keep_freed_memory
    keep_freed_memory()
def faults_of_a_pass():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(12_000_000).add(1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print(statistics.median_low(faults_of_a_pass() for _ in range(11)))
"""
"""Of the passes the middle one: a small block between two large ones may make the heap grow once more at any time."""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc's malloc is told")
def test_memory_is_not_faulted_in_again_and_again() -> None:
    def faults(how: str) -> int:
        command = [sys.executable, "-c", COUNT, how]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    assert faults("keep") < faults("default") / 10
