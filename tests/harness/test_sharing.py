"""What processes beside each other are told of the machine."""

from __future__ import annotations

from benchmark.harness.sharing import share


def test_threads_are_bounded_and_devices_left_as_they_come() -> None:
    assert share(3) == {"OMP_NUM_THREADS": "3", "NUMBA_NUM_THREADS": "3", "RAYON_NUM_THREADS": "3"}


def test_processes_take_the_devices_in_turn() -> None:
    devices = ["GPU-a", "GPU-b"]
    assert [share(1, number, devices)["CUDA_VISIBLE_DEVICES"] for number in range(3)] == ["GPU-a", "GPU-b", "GPU-a"]
