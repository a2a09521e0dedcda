"""Servers in processes of their own, on loopback, gone when the block ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds a server has to come up."""


@contextmanager
def language_server(folder: Path, name: str, key: str | None = None) -> Iterator[str]:
    """`tests.support.language_server`; gives its base URL. It wants ``key``, if any."""
    command = [sys.executable, "-m", "tests.support.language_server", str(folder), name]
    env = {} if key is None else {"SERVED_KEY": key}
    with _running([*command, *env], env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        # Nothing comes from a server that hangs or dies: it is killed then, which ends the line.
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        line = process.stdout.readline()
        timer.cancel()
        assert line, f"the server ended with status {process.wait()}"
        yield f"http://127.0.0.1:{int(line)}/v1"


@contextmanager
def transformers_server(folder: Path) -> Iterator[str]:
    """``transformers serve`` with the model in a folder; gives its base URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(sys.executable).with_name("transformers")
    command = [str(script), "serve", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    command += ["--device", "cpu", "--dtype", "float32", "--log-level", "error"]
    with _running(command, {"HF_HUB_OFFLINE": "1"}, stdout=subprocess.DEVNULL) as process:
        _wait_for(f"http://127.0.0.1:{port}/health", process)
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def _running(command: Sequence[str], env: dict[str, str], stdout: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, stdout=stdout, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        assert process.poll() is None, f"the server ended with status {process.returncode}"
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")
