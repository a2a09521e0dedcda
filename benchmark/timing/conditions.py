"""What a machine tells of its clock, its temperature and its other work."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import fmean

import psutil

from benchmark.timing.record import Snapshot

SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz")
"""Names under which Linux lists the processor's sensors."""

FIELDS = ("clocks.sm", "temperature.gpu", "utilization.gpu", "memory.used")


def snapshot(device: str | None) -> Snapshot:
    """The machine as it is now.

    Args:
        device: UUID of the GPU, None without one.
    """
    clock, celsius, utilisation, memory = _asked(device) if device else (None,) * len(FIELDS)
    return Snapshot(
        processor_mhz=_clock(),
        processor_celsius=_temperature(),
        load_average=psutil.getloadavg()[0],
        device_mhz=clock,
        device_celsius=celsius,
        device_utilisation=utilisation,
        device_memory_bytes=None if memory is None else round(memory * 2**20),
    )


class OtherLoad:
    """Processors kept busy by anything but this process, mean since it was made."""

    def __init__(self) -> None:
        self._started, self._busy, self._own = time.monotonic(), _busy(), time.process_time()

    def mean(self) -> float:
        """So far; 0 where this process alone explains all there was."""
        seconds = time.monotonic() - self._started
        others = _busy() - self._busy - (time.process_time() - self._own)
        return max(0.0, others / seconds) if seconds > 0 else 0.0


def _busy() -> float:
    """Seconds that all processors together have worked since the machine began."""
    times = psutil.cpu_times()._asdict()
    # Guests are counted as user time already.
    return float(sum(spent for kind, spent in times.items() if kind not in ("idle", "iowait", "guest", "guest_nice")))


def _clock() -> float | None:
    try:
        clocks = [clock.current for clock in psutil.cpu_freq(percpu=True) or ()]
    except (AttributeError, NotImplementedError, OSError):
        return None
    return fmean(clocks) if clocks and any(clocks) else None


def _temperature() -> float | None:
    if sys.platform != "linux":
        return None
    found = psutil.sensors_temperatures()
    sensors = [sensor.current for name in SENSORS for sensor in found.get(name, ()) if sensor.current]
    return max(sensors, default=None)


def _asked(device: str) -> tuple[float | None, ...]:
    command = ["nvidia-smi", f"--id={device}", f"--query-gpu={','.join(FIELDS)}", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return (None,) * len(FIELDS)
    values = [_number(value) for value in said.strip().split(",")]
    return tuple(values) if len(values) == len(FIELDS) else (None,) * len(FIELDS)


def _number(said: str) -> float | None:
    """None for what a device does not tell: ``[N/A]``."""
    try:
        return float(said)
    except ValueError:
        return None
