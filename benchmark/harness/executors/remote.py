"""Cells on other machines: they are sent out whole or in shards, and this process alone writes the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol

from benchmark.collections import catalogue as collections
from benchmark.harness.executors.attendant import Order
from benchmark.harness.executors.base import Execution, job_of
from benchmark.harness.job import Job
from benchmark.harness.plan import Planned
from benchmark.harness.provenance import now
from benchmark.harness.record import CellFailure
from benchmark.harness.station import LAST, Event
from benchmark.harness.store import CellWriter

LOSSES = 3
"""Times that an order may be lost with its worker or machine before its cell counts as failed."""


class Transport(Protocol):
    """Brings orders to attendants on other machines, and their events back."""

    @property
    def room(self) -> int:
        """Orders that can be sent now."""

    def send(self, orders: Sequence[Order]) -> None:
        """Send out, all at once."""

    def hear(self, seconds: float) -> list[tuple[int, Event]]:
        """Events by the order's number; waits for the first so long at most.

        Besides an attendant's there is ``lost`` (why, begun), in place of a last one.
        """

    def left(self, slug: str) -> list[str]:
        """Lines of the cell that came out after the process that waited for them was gone."""

    def stop(self) -> None:
        """Have queries in hand finished."""

    def kill(self) -> None:
        """End everything now; every order is then heard to be lost."""

    def close(self) -> None:
        """Give everything back."""


@dataclass
class _Cell:
    """A cell in hand.

    Attributes:
        known: queries that have their line; out: orders that have not come to an end.
        bad: the worst last event but for ``done``.
    """

    planned: Planned
    job: Job
    writer: CellWriter
    known: set[str]
    out: int = 0
    bad: Event | None = None


@dataclass
class _Sent:
    cell: _Cell
    qids: frozenset[str] | None
    losses: list[str] = field(default_factory=list)


class RemoteExecutor:
    """See `base.Executor`.

    An order that is lost is sent again with the lines that came back, so that no query is repeated but the one in
    hand.

    Args:
        results: folder of all cells, of this machine.
        threads: that each worker computes with.
        shard: queries of a shard; a cell with more missing is sent in shards, and once more whole for its summary.
    """

    def __init__(
        self, results: Path, execution: Execution, transport: Transport, threads: int, shard: int | None = None
    ) -> None:
        self.events: deque[tuple[Planned, Event]] = deque()
        self._results = results
        self._execution = execution
        self._transport = transport
        self._threads = threads
        self._shard = shard
        self._cells: list[_Cell] = []
        self._waiting: deque[_Sent] = deque()
        self._sent: dict[int, _Sent] = {}
        self._numbers = count(1)
        self._stopping = False

    @property
    def room(self) -> int:
        """See `base.Executor`."""
        return self._transport.room - len(self._waiting)

    @property
    def busy(self) -> bool:
        """See `base.Executor`."""
        return bool(self._cells)

    def submit(self, planned: Planned) -> None:
        """See `base.Executor`."""
        writer = CellWriter(self._results, planned.request)
        writer.__enter__()
        try:
            writer.retry(self._execution.retry_failed)
            known = {record.qid for record in writer.records()}
            for text in self._transport.left(planned.slug):
                known |= {record.qid for record in writer.append_text(text, known)}
            job = job_of(planned, self._results, self._execution, self._threads)
            # What failed before is forgotten by now.
            cell = _Cell(planned, job.model_copy(update={"retry_failed": False}), writer, known)
            shards = self._shards(cell)
        except BaseException:
            writer.__exit__(None, None, None)
            raise
        self._cells.append(cell)
        for qids in shards:
            self._enqueue(_Sent(cell, qids))

    def hear(self) -> None:
        """See `base.Executor`."""
        orders: list[Order] = []
        while self._waiting and len(orders) < self._transport.room:
            sent = self._waiting.popleft()
            number = next(self._numbers)
            self._sent[number] = sent
            job = sent.cell.job.model_copy(update={"qids": sent.qids})
            orders.append(Order(number, job, sent.cell.writer.begun_files()))
        if orders:
            self._transport.send(orders)
        for number, event in self._transport.hear(0.5):
            self._take(number, event)

    def stop(self) -> None:
        """See `base.Executor`."""
        self._stopping = True
        self._transport.stop()
        while self._waiting:
            self._over(self._waiting.popleft().cell, {"event": "stopped"})

    def kill(self) -> None:
        """See `base.Executor`."""
        self._stopping = True
        self._transport.kill()

    def close(self) -> None:
        """See `base.Executor`."""
        self._transport.close()
        for cell in self._cells:
            cell.writer.__exit__(None, None, None)

    def _shards(self, cell: _Cell) -> list[frozenset[str] | None]:
        if self._shard is None or cell.planned.queries - len(cell.known) <= self._shard:
            return [None]
        collection = collections.find(cell.planned.collection, cell.planned.request.collection.split)
        missing = [topic.qid for topic in collection.topics() if topic.qid not in cell.known]
        return [frozenset(missing[at : at + self._shard]) for at in range(0, len(missing), self._shard)]

    def _enqueue(self, sent: _Sent) -> None:
        sent.cell.out += 1
        self._waiting.append(sent)

    def _take(self, number: int, event: Event) -> None:
        sent = self._sent[number]
        cell = sent.cell
        match event["event"]:
            case "lines":
                for record in cell.writer.append_text(event["text"], cell.known):
                    cell.known.add(record.qid)
                    failure = record.failure.message if record.failure else None
                    said = {"event": "query", "qid": record.qid, "seconds": record.seconds, "failure": failure}
                    self.events.append((cell.planned, said))
            case "files":
                cell.writer.write_files(event["files"])
            case "lost":
                del self._sent[number]
                if event["begun"]:
                    sent.losses.append(event["why"])
                    self.events.append((cell.planned, {"event": "lost", "why": event["why"]}))
                self._lost(sent)
            case name if name in LAST:
                del self._sent[number]
                if name == "done" and sent.qids is not None and cell.out == 1 and cell.bad is None:
                    # Every shard is done: once more whole, which finds every query done and writes the summary.
                    self._enqueue(_Sent(cell, None))
                self._over(cell, event)

    def _lost(self, sent: _Sent) -> None:
        if self._stopping:
            self._over(sent.cell, {"event": "stopped"})
        elif len(sent.losses) < LOSSES:
            self._waiting.append(sent)
        else:
            message = f"the worker or its machine was lost {LOSSES} times before the cell was complete"
            failure = CellFailure(when=now(), kind="ended", message=message, last_lines=tuple(sent.losses))
            self._over(sent.cell, {"event": "failed", "failure": failure.model_dump(mode="json")})

    def _over(self, cell: _Cell, event: Event) -> None:
        """One of the cell's orders has come to an end."""
        cell.out -= 1
        if event["event"] != "done" and (cell.bad is None or cell.bad["event"] == "stopped"):
            cell.bad = event
        if cell.out == 0:
            self._cells.remove(cell)
            cell.writer.__exit__(None, None, None)
            self.events.append((cell.planned, cell.bad or event))
