"""A process that times, as the one that asked for it sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from benchmark.errors import UserError
from benchmark.harness.process import end
from benchmark.harness.provenance import impersonal
from benchmark.timing.session import TimingJob

LAST_LINES = 5
"""Of a process's standard error that are told when it died."""


class TimingProcess:
    """Started with a job; a context manager, after which nothing of it is left.

    Args:
        job: what it does; environment: of the process, on top of ours.
    """

    def __init__(self, job: TimingJob, environment: Mapping[str, str] | None = None) -> None:
        self._slug = job.request.slug
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed with the process
        # -P: a folder named "methods" where the user stands must not hide ours.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "benchmark.timing.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._say(job.model_dump_json())

    def __enter__(self) -> TimingProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        end(self._process)
        self._errors.close()

    def go(self) -> None:
        """Let one that is ready begin."""
        self._say("go")

    def heard(self, *wanted: str) -> dict[str, Any]:
        """The next event of a wanted kind.

        Raises:
            UserError: it reported a problem, or died; with the last lines of its error output.
        """
        for event in self.events():
            if event["event"] in wanted:
                return event
        status = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().decode("utf-8", "replace").strip().splitlines()[-LAST_LINES:]
        said = " | ".join(map(impersonal, lines)) or "none"
        raise UserError(f"{self._slug}: the process that times ended with status {status}. Its last lines: {said}")

    def events(self) -> Iterator[dict[str, Any]]:
        """What it says, until it ends; UserError for a problem that it reports."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == "fault":
                raise UserError(f"{self._slug}: {event['kind']}: {event['message']}")
            if event["event"] == "problems":
                raise UserError([f"{self._slug}: {problem}" for problem in event["problems"]])
            yield event

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        # One that died does not read; its exit status says more than the broken pipe.
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()
