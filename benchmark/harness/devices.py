"""Which accelerators workers can be spread over; asked of the driver, since torch takes seconds to import."""

from __future__ import annotations

import os
import subprocess

VISIBLE = "CUDA_VISIBLE_DEVICES"


def accelerators() -> tuple[str, ...]:
    """Entries for CUDA_VISIBLE_DEVICES, one a device: those it holds already, else the driver's; none without one."""
    visible = os.environ.get(VISIBLE)
    if visible is not None:
        return tuple(entry.strip() for entry in visible.split(",") if entry.strip())
    return tuple(_asked("uuid"))


def driver() -> str | None:
    """Version of the accelerators' driver; None without one."""
    return next(iter(_asked("driver_version")), None)


def current_uuid() -> str:
    """UUID of the GPU that torch computes on, as the driver writes it."""
    import torch

    return f"GPU-{torch.cuda.get_device_properties(torch.cuda.current_device()).uuid}"


def _asked(field: str) -> list[str]:
    command = ["nvidia-smi", f"--query-gpu={field}", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError):
        # No driver, or one that finds no device.
        return []
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]
