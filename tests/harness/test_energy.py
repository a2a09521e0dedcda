"""Energy is read from a meter, or refused."""

from __future__ import annotations

import ctypes
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.backbones.spec import ELSEWHERE
from benchmark.errors import UserError
from benchmark.harness.energy import meter_of


def package(root: Path, name: str, microjoules: int, most: int = 1000_000_000) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "energy_uj").write_text(f"{microjoules}\n")
    (folder / "max_energy_range_uj").write_text(f"{most}\n")
    return folder


def test_packages_are_added_and_their_parts_are_not(tmp_path: Path) -> None:
    one = package(tmp_path, "intel-rapl:0", 5_000_000)
    other = package(tmp_path, "intel-rapl:1", 7_000_000)
    part = package(tmp_path, "intel-rapl:0:0", 1_000_000)
    joules = meter_of("cpu", tmp_path)
    before = joules()
    (one / "energy_uj").write_text("8000000\n")
    (other / "energy_uj").write_text("9500000\n")
    (part / "energy_uj").write_text("99000000\n")
    assert joules() - before == pytest.approx(5.5)


def test_a_counter_that_begins_anew_is_followed(tmp_path: Path) -> None:
    zone = package(tmp_path, "intel-rapl:0", 900, most=999)
    joules = meter_of("cpu", tmp_path)
    before = joules()
    (zone / "energy_uj").write_text("100\n")
    assert joules() - before == pytest.approx(200e-6)


def test_a_machine_without_a_meter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="shows no energy meter"):
        meter_of("cpu", tmp_path)
    with pytest.raises(UserError, match="the model is served"):
        meter_of(ELSEWHERE)
    with pytest.raises(UserError, match="no meter is known of a device of type 'mps'"):
        meter_of("mps")


def test_a_meter_that_may_not_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "intel-rapl:0", 900)
    read = Path.read_text

    def refused(path: Path, *args: Any) -> str:
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied", str(path))
        return read(path, *args)

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(UserError, match="by the administrator alone"):
        meter_of("cpu", tmp_path)


class Nvml:
    """The driver's library with one device."""

    def __init__(self, readings: list[int], status: int = 0) -> None:
        self._readings = iter(readings)
        self._status = status
        self.uuid = b""

    def nvmlInit_v2(self) -> int:
        return 0

    def nvmlDeviceGetHandleByUUID(self, uuid: bytes, _: object) -> int:
        self.uuid = uuid
        return 0

    def nvmlDeviceGetTotalEnergyConsumption(self, _: object, out: Any) -> int:
        if not self._status:
            out._obj.value = next(self._readings)
        return self._status


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    import torch

    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(uuid="ab-12"))
    return monkeypatch


def test_the_counter_of_a_gpu(device: pytest.MonkeyPatch) -> None:
    library = Nvml([1000, 1500, 4500])
    device.setattr(ctypes, "CDLL", lambda _: library)
    joules = meter_of("cuda")
    assert library.uuid == b"GPU-ab-12"
    assert [joules(), joules()] == [1.5, 4.5]


def test_a_gpu_without_a_counter_is_refused(device: pytest.MonkeyPatch) -> None:
    device.setattr(ctypes, "CDLL", lambda _: Nvml([], status=3))
    with pytest.raises(UserError, match="cannot be read \\(NVML error 3\\)"):
        meter_of("cuda")

    def absent(name: str) -> None:
        raise OSError(name)

    device.setattr(ctypes, "CDLL", absent)
    with pytest.raises(UserError, match="NVML is not there"):
        meter_of("cuda")
