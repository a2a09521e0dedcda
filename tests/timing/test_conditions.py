"""What is noted of the machine; what it does not tell is None."""

from __future__ import annotations

import subprocess
import time
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from benchmark.timing.conditions import OtherLoad, snapshot


def answering(monkeypatch: pytest.MonkeyPatch, said: str) -> list[list[str]]:
    """nvidia-smi says this; what it was called with."""
    asked: list[list[str]] = []

    def run(command: list[str], **_: Any) -> SimpleNamespace:
        asked.append(command)
        return SimpleNamespace(stdout=said)

    monkeypatch.setattr(subprocess, "run", run)
    return asked


def test_a_machine_without_gpu_asks_no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    found = snapshot(None)
    assert found.load_average >= 0
    assert (found.device_mhz, found.device_memory_bytes) == (None, None)
    assert found.processor_mhz is None or 100 < found.processor_mhz < 10_000


def test_the_gpu_is_the_one_that_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answering(monkeypatch, "1980, 41, 3, 1024\n")
    found = snapshot("GPU-ab")
    assert "--id=GPU-ab" in asked[0]
    assert (found.device_mhz, found.device_celsius, found.device_utilisation) == (1980.0, 41.0, 3.0)
    assert found.device_memory_bytes == 2**30


def test_what_a_gpu_does_not_tell_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    answering(monkeypatch, "[N/A], 41, [Not Supported], 5\n")
    found = snapshot("GPU-ab")
    assert (found.device_mhz, found.device_celsius, found.device_utilisation) == (None, 41.0, None)


def test_a_driver_that_fails_costs_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: Any, **__: Any) -> None:
        raise FileNotFoundError("nvidia-smi")

    monkeypatch.setattr(subprocess, "run", absent)
    assert snapshot("GPU-ab").device_celsius is None


def test_sensors_that_are_not_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(percpu: bool) -> None:
        raise NotImplementedError(percpu)

    monkeypatch.setattr(psutil, "cpu_freq", absent)
    monkeypatch.setattr(psutil, "sensors_temperatures", dict, raising=False)
    found = snapshot(None)
    assert (found.processor_mhz, found.processor_celsius) == (None, None)
    hot = {"coretemp": [SimpleNamespace(current=40.0), SimpleNamespace(current=55.0)]}
    monkeypatch.setattr(psutil, "sensors_temperatures", lambda: hot, raising=False)
    assert snapshot(None).processor_celsius == 55.0


def test_other_load_is_what_this_process_did_not_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 12 busy seconds in 10 this process worked 8."""
    busy, own, clock = iter([100.0, 112.0]), iter([3.0, 11.0]), iter([0.0, 10.0])

    def times() -> SimpleNamespace:
        return SimpleNamespace(_asdict=lambda: {"user": next(busy), "idle": 5000.0, "iowait": 9.0, "guest": 50.0})

    monkeypatch.setattr(psutil, "cpu_times", times)
    monkeypatch.setattr(time, "process_time", lambda: next(own))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    assert OtherLoad().mean() == pytest.approx(0.4)
