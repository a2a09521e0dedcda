"""Energy that a device took, read from its own meter; a device without one is refused, and nothing is guessed.

On CUDA NVML's counter of the whole device, on a CPU the counters of its packages (RAPL, as Linux shows them under
``powercap``). Both count what anything else does on the device meanwhile. NVML's counter moves every few hundredths of
a second: of much shorter queries the mean is right and the single value is not.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path

from benchmark.backbones.spec import ELSEWHERE
from benchmark.errors import UserError
from benchmark.harness.devices import current_uuid

POWERCAP = Path("/sys/class/powercap")

ADVICE = "Leave --energy out, or run on a machine that has one."

Joules = Callable[[], float]
"""A counter that only grows; the energy of a stretch of work is its difference."""


def meter_of(device: str, root: Path = POWERCAP) -> Joules:
    """The counter of a device.

    Args:
        device: torch's device type, or `ELSEWHERE`; root: where Linux shows the processor's counters.

    Raises:
        UserError: it has none, or none that this user may read.
    """
    if device == ELSEWHERE:
        raise UserError("--energy: the model is served, and nobody tells what its machine takes. Leave --energy out.")
    if device == "cuda":
        return _nvml()
    if device == "cpu":
        return _packages(root)
    raise UserError(f"--energy: no meter is known of a device of type '{device}'. {ADVICE}")


def _packages(root: Path) -> Joules:
    zones = []
    for zone in sorted(root.glob("*-rapl:*")):
        # One colon: a whole package; its parts have two.
        if zone.name.count(":") == 1 and (zone / "energy_uj").is_file():
            zones.append(_Zone(zone))
    if not zones:
        raise UserError(f"--energy: this processor shows no energy meter (RAPL, in {root}). {ADVICE}")
    return lambda: sum(zone.joules() for zone in zones)


class _Zone:
    """A package's counter, which begins anew at its range."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "energy_uj"
        self._range = int((folder / "max_energy_range_uj").read_text())
        self._last = self._now()
        self._whole = 0

    def joules(self) -> float:
        """Since it was first read."""
        now = self._now()
        self._whole += (now - self._last) % (self._range + 1)
        self._last = now
        return self._whole / 1e6

    def _now(self) -> int:
        try:
            return int(self._file.read_text())
        except PermissionError:
            raise UserError(
                f"--energy: {self._file} may be read by the administrator alone. Have it made readable, or leave "
                "--energy out."
            ) from None


def _nvml() -> Joules:
    try:
        nvml = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        raise UserError(f"--energy: the driver's library NVML is not there. {ADVICE}") from None
    handle = ctypes.c_void_p()
    status = nvml.nvmlInit_v2() or nvml.nvmlDeviceGetHandleByUUID(current_uuid().encode(), ctypes.byref(handle))

    def joules() -> float:
        millijoules = ctypes.c_ulonglong()
        status = nvml.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules))
        if status:
            raise UserError(f"--energy: the device's energy meter cannot be read (NVML error {status}). {ADVICE}")
        return millijoules.value / 1e3

    if status:
        raise UserError(f"--energy: NVML does not know the device (error {status}). {ADVICE}")
    joules()
    return joules
