"""Carries out orders away from the store: a cell, or some of its queries, in a scratch folder of the machine it is on.

What comes out of it is told as events, for whoever writes the store:

``lines``  text: complete lines of ``queries.jsonl`` that are new
``files``  name -> text: ``machine.json``, or what to add to ``sessions.jsonl``; ``run.trec`` and ``summary.json``
and a last one of `station.LAST`
"""

from __future__ import annotations

import os
import selectors
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmark.backbones import catalogue
from benchmark.backbones.sources import prepare
from benchmark.errors import UserError
from benchmark.harness.job import Job
from benchmark.harness.requests import engine_sha256
from benchmark.harness.sharing import share
from benchmark.harness.station import LAST, Event, Station
from benchmark.harness.store import LINES, MACHINE, RUN, SESSIONS, SUMMARY
from benchmark.hashing import sha256_json
from methods import registry


@dataclass(frozen=True)
class Order:
    """What is to be done.

    Attributes:
        number: no two orders of a run have the same.
        job: its ``results`` do not count.
        files: what the cell's folder holds already, of `LINES` and `MACHINE`.
    """

    number: int
    job: Job
    files: Mapping[str, str]


class Attendant:
    """One order at a time; its worker process, and the backbone in it, are kept for the next. Not thread-safe.

    Args:
        threads: that libraries in the worker process may use.
    """

    def __init__(self, threads: int) -> None:
        self._station = Station(os.environ | share(threads))
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._folder = Path()
        self._told: set[str] = set()
        self._lines = 0
        self._refused: list[Event] = []

    @property
    def busy(self) -> bool:
        """Whether there is more to `step`."""
        return self._station.busy or bool(self._refused)

    def begin(self, order: Order) -> None:
        """Start an order; none is in hand."""
        try:
            job = _fitted(order.job)
        except UserError as error:
            self._refused = [{"event": "problems", "problems": list(error.problems)}]
            return
        self._scratch = tempfile.TemporaryDirectory(prefix="rerankbench-")
        self._folder = Path(self._scratch.name) / job.request.slug
        self._folder.mkdir()
        for name, text in order.files.items():
            (self._folder / name).write_bytes(text.encode("utf-8"))
        self._told = set(order.files) - {LINES}
        self._lines = len(order.files.get(LINES, "").encode("utf-8"))
        self._station.begin(job.model_copy(update={"results": Path(self._scratch.name)}))

    def step(self, seconds: float) -> list[Event]:
        """What happened; waits for it so long at most."""
        if self._refused:
            refused, self._refused = self._refused, []
            return refused
        station = self._station
        left = station.patience()
        with selectors.DefaultSelector() as selector:
            selector.register(station, selectors.EVENT_READ)
            if selector.select(seconds if left is None else min(left, seconds)):
                station.hear()
        station.kill_overdue()
        # Taken before the folder is looked at: of a query that was reported the line is there.
        said = [event for event in station.events if event["event"] in LAST]
        station.events.clear()
        found = [*self._new_lines(), *self._new_files(), *said]
        if not station.busy and self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None
        return found

    def stop(self) -> None:
        """Have the query in hand finished; the order then ends with ``stopped``."""
        self._station.stop()

    def close(self) -> None:
        """End what runs."""
        self._station.close()
        if self._scratch is not None:
            self._scratch.cleanup()

    def _new_lines(self) -> list[Event]:
        path = self._folder / LINES
        if not path.is_file():
            return []
        with path.open("rb") as stream:
            stream.seek(self._lines)
            data = stream.read()
        complete = data[: data.rfind(b"\n") + 1]
        self._lines += len(complete)
        return [{"event": "lines", "text": complete.decode("utf-8")}] if complete else []

    def _new_files(self) -> list[Event]:
        """In the order in which they are to be written; the summary is last."""
        paths = [self._folder / name for name in (MACHINE, SESSIONS, RUN, SUMMARY)]
        files = {path.name: path.read_text("utf-8") for path in paths if path.name not in self._told and path.is_file()}
        self._told |= set(files)
        return [{"event": "files", "files": files}] if files else []


def _fitted(job: Job) -> Job:
    """The job on this machine.

    Raises:
        UserError: other code is installed here than where the run was planned, so that this would be another cell.
    """
    method = registry.find(job.request.method.name)
    backbone = job.request.backbone
    if sha256_json(method.source_files()) != job.request.method.source_sha256:
        raise UserError(f"Method '{method.name}': the worker's machine has another version of it. Install the same.")
    if backbone and backbone.engine_sha256 != engine_sha256():
        raise UserError("The worker's machine has another version of rerankbench. Install the same.")
    if job.backbone and job.folder and not job.folder.is_dir():
        # Terms were accepted where the run was planned.
        return job.model_copy(update={"folder": prepare(catalogue.find(job.backbone), accept_terms=True)})
    return job
