"""Facts about this machine and this code, for the record. Nothing personal is collected."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from benchmark.harness.record import Machine

PACKAGES = (
    "rerankbench",
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "numpy",
    "ranx",
    "bm25s",
    "gguf",
    "openai",
    "vllm",
)
"""Packages whose version may move a number."""


def machine(command: str, threads: int, accelerator: str | None) -> Machine:
    """The machine as it is now.

    Args:
        command: what reproduces the result; threads: of the backbone; accelerator: name of the device, None on a CPU.
    """
    commit, dirty = git_state(Path(__file__).parents[2])
    return Machine(
        started=now(),
        command=command,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        packages=versions(),
        git_commit=commit,
        git_dirty=dirty,
        processor=processor(),
        cores=usable_cores(),
        threads=threads,
        memory_bytes=psutil.virtual_memory().total,
        accelerator=accelerator,
    )


def now() -> str:
    """UTC to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def versions() -> dict[str, str]:
    """Installed versions of `PACKAGES`."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """The processor's model name, as far as the system tells."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cores() -> int:
    """Logical processors this process may run on."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def git_state(root: Path) -> tuple[str | None, bool | None]:
    """Commit and whether tracked files differ from it; None for both outside a git checkout of this project."""
    if not (root / ".git").exists():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD")
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None, None
    return commit, bool(changes)


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
