"""Facts about this machine and this code, for the record. Nothing personal is collected."""

from __future__ import annotations

import getpass
import os
import platform
import random
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import psutil

from benchmark.harness.devices import driver
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


SEED = 0
"""Of every query, so that one that is run alone, or after a resume, has the numbers it has in a whole run."""


def seed() -> None:
    """Start all global random numbers of this process from `SEED`; those of torch where it is loaded."""
    random.seed(SEED)
    np.random.seed(SEED)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(SEED)


def be_deterministic() -> None:
    """Hold torch to algorithms that give the same bytes every time; one that has none such then raises an error.

    Before anything is asked of a GPU: cuBLAS reads its setting when it is made.
    """
    import torch

    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)


def machine(command: str, threads: int, accelerator: str | None) -> Machine:
    """The machine as it is now.

    Args:
        command: what reproduces the result; threads: of the backbone; accelerator: name of the device, None on a CPU.
    """
    commit, dirty = git_state(Path(__file__).parents[2])
    torch = sys.modules.get("torch")
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
        driver=driver(),
        container=container(),
        seed=SEED,
        deterministic=torch.are_deterministic_algorithms_enabled() if torch else None,
    )


def container(root: Path = Path("/")) -> str | None:
    """What this process runs in: kind and image, such as ``podman: bench:1.2``; None outside of a container.

    Only podman and Apptainer tell a process its image; for others it is what the variable RERANKBENCH_IMAGE says. Of a
    path or of a registry's address the last part is kept.

    Args:
        root: of the file system.
    """
    given = os.environ.get("RERANKBENCH_IMAGE")
    image = os.environ.get("APPTAINER_CONTAINER") or os.environ.get("SINGULARITY_CONTAINER")
    kind = "apptainer" if image else None
    podman = root / "run" / ".containerenv"
    if podman.is_file():
        kind = "podman"
        lines = podman.read_text(encoding="utf-8").splitlines()
        image = next((line.partition("=")[2].strip('"') for line in lines if line.startswith("image=")), None)
    elif (root / ".dockerenv").is_file():
        kind = "docker"
    elif kind is None and os.environ.get("KUBERNETES_SERVICE_HOST"):
        kind = "kubernetes"
    if kind is None and not given:
        return None
    name = (given or image or "").rstrip("/").rpartition("/")[2]
    return f"{kind or 'container'}: {impersonal(name) or 'image not known'}"


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


_PART = r"/[^\s/:;,|'\"()<>]+"
_PATH = re.compile(rf"(?<![\w.:/~])(?:~(?:{_PART})+|(?:{_PART}){{2,}})/?")
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS", re.IGNORECASE)
HIDDEN = "[...]"


def impersonal(text: str) -> str:
    """Text without what is somebody's own: paths cut to their last part, no user, host, or value of a key.

    For what libraries write (tracebacks, error messages) and we publish.
    """
    secrets = [value for name, value in os.environ.items() if _SECRET.search(name) and len(value) >= 6]
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for folder in (str(Path.home()), str(Path.cwd())):
        if len(Path(folder).parts) > 2:
            text = text.replace(folder, "/.../.")
    text = _PATH.sub(lambda found: found[0].rstrip("/").rpartition("/")[2], text)
    for name in {_user(), socket.gethostname()} - {"", "root", "localhost"}:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", HIDDEN, text)
    return text


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # No entry for this number of a user, as in many containers: no name either.
        return ""


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


def commit_of(path: Path) -> str | None:
    """The commit that brought the present state of a file or folder into the branch that is checked out: the merge, for
    what came by pull request. None where it is not committed as it stands."""
    try:
        if _git(path.parent, "status", "--porcelain", "--", path.name):
            return None
        return _git(path.parent, "log", "--first-parent", "--max-count=1", "--format=%H", "--", path.name) or None
    except (OSError, subprocess.CalledProcessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    # Nothing is written to the checkout, not even git's own notes: a lock would outlive a worker that is killed.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
