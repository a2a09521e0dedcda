"""A worker's process as its runner sees it: given jobs, heard through events, ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from benchmark.harness.job import Job
from benchmark.harness.provenance import impersonal, now
from benchmark.harness.record import CellFailure

LAST_LINES = 5
"""Of a worker's standard error that are kept when it crashed."""

READ = 1 << 16


class WorkerProcess:
    """A running worker, at first without a job.

    Args:
        environment: of the process, None: ours.

    Attributes:
        events: heard and not yet taken; ended: nothing more will come.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.events: deque[dict[str, Any]] = deque()
        self.ended = False
        self._torn = b""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed by `close`
        # -P: a folder named "methods" where the user stands must not hide ours.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "benchmark.harness.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment,
        )
        self._said_before: int | None = None

    def give(self, job: Job) -> None:
        """The next job, once the last one is done."""
        assert self._process.stdin is not None
        # What it says before its first job belongs to that: it may end without having read it.
        self._said_before = 0 if self._said_before is None else os.fstat(self._errors.fileno()).st_size
        # A worker that died at once does not read; its exit status says more than the broken pipe.
        with suppress(BrokenPipeError):
            self._process.stdin.write(job.model_dump_json().encode("utf-8") + b"\n")
            self._process.stdin.flush()

    def fileno(self) -> int:
        """What becomes readable when there is something to hear."""
        assert self._process.stdout is not None
        return self._process.stdout.fileno()

    def hear(self) -> None:
        """Take in what the worker has said; waits only where it has said nothing."""
        data = os.read(self.fileno(), READ)
        if not data:
            self._process.wait()
            self.ended = True
            return
        *lines, self._torn = (self._torn + data).split(b"\n")
        for line in lines:
            # Whatever else got there is no event.
            with suppress(json.JSONDecodeError):
                self.events.append(json.loads(line))

    def stop(self) -> None:
        """Ask it to finish its query and end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it now; that is heard as its end."""
        self._process.kill()

    def close(self) -> None:
        """End it if it runs, and give back what it holds here."""
        end(self._process)
        self._errors.close()

    def failure(self, fault: Mapping[str, Any] | None, queries: tuple[str, ...] = ()) -> CellFailure:
        """Why it ended before its cell was complete.

        Args:
            fault: the event in which it named the reason, if it did.
            queries: in whose course it died, or workers of the cell before it.
        """
        lines = self._last_lines()
        status = self._process.returncode
        if fault is not None:
            message = impersonal(fault["message"])
            return CellFailure(when=now(), kind=fault["kind"], message=message, last_lines=lines, queries=queries)
        if status < 0:
            name = _signal_name(-status)
            hint = "; a system that is out of memory does that" if -status == signal.SIGKILL else ""
            message = f"the worker was killed by signal {-status} ({name}{hint}) before the cell was complete"
            return CellFailure(when=now(), kind="killed", message=message, last_lines=lines, queries=queries)
        message = f"the worker ended with status {status} before the cell was complete"
        return CellFailure(when=now(), kind="ended", message=message, last_lines=lines, queries=queries)

    def _last_lines(self) -> tuple[str, ...]:
        self._errors.seek(self._said_before or 0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
        return tuple(impersonal(line) for line in lines)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process that runs still, and close its pipes."""
    if process.poll() is None:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            # What it did not read is still to be flushed.
            with suppress(BrokenPipeError):
                stream.close()
