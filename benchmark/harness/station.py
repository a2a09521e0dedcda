"""A place where cells are run one after the other, each query within its time, in a process that may be replaced."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from benchmark.harness.held import holding
from benchmark.harness.job import Job
from benchmark.harness.process import WorkerProcess
from benchmark.harness.record import CellFailure

LAST = {"done", "stopped", "problems", "failed"}
"""Events after which nothing more comes of a job; every job ends with one of them."""

Event = dict[str, Any]

FRUITLESS = 3
"""Workers of a job that may die in a row without having finished a query; then it is given up."""


class Station:
    """Runs one job at a time; not thread-safe.

    The worker process is kept for the next job while that needs the same backbone. It is replaced when a query did not
    end in time; and when it died in the course of a query (out of memory, a crash), by one that leaves that query out.
    A job with such a query fails when all others have their line.

    Args:
        environment: of the worker processes, None: ours.

    Attributes:
        events: heard and not yet taken. Those of a worker, but for ``fault``, and ``failed`` (failure, a
            `CellFailure`) where its process ended early.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self.events: deque[Event] = deque()
        self._environment = environment
        self._worker: WorkerProcess | None = None
        self._holding: str | None = None
        self._job: Job | None = None
        self._begun: tuple[str, float] | None = None
        self._overdue: str | None = None
        self._fault: Event | None = None
        self._deaths: CellFailure | None = None
        self._worked = False
        self._fruitless = 0
        self._stopping = False

    @property
    def busy(self) -> bool:
        """Whether a job is in hand."""
        return self._job is not None

    def begin(self, job: Job) -> None:
        """Start a job; none is in hand."""
        self._deaths, self._fruitless = None, 0
        self._start(job)

    def _start(self, job: Job) -> None:
        wanted = holding(job)
        if self._worker is not None and (self._holding != wanted or self._worker.ended):
            self.close()
        if self._worker is None:
            self._worker = WorkerProcess(self._environment)
        self._holding, self._job = wanted, job
        self._begun = self._overdue = self._fault = None
        self._worked = False
        self._worker.give(job)

    def fileno(self) -> int:
        """What becomes readable when there is something to hear; of a station that is busy."""
        assert self._worker is not None
        return self._worker.fileno()

    def hear(self) -> None:
        """Take in what the worker has said; waits only where it has said nothing."""
        assert self._worker is not None
        self._worker.hear()
        while self._worker.events and self._job is not None:
            self._take(self._worker.events.popleft())
        if self._worker.ended and self._job is not None:
            self._ended()

    def patience(self) -> float | None:
        """Seconds until the query in hand is overdue; None: no limit."""
        limit = self._job.query_timeout if self._job else None
        if limit is None or self._begun is None or self._overdue is not None:
            return None
        return max(0.0, self._begun[1] + limit - time.monotonic())

    def kill_overdue(self) -> None:
        """End a worker whose query has had its time; another goes on after that query."""
        if self._begun is not None and self.patience() == 0.0:
            assert self._worker is not None
            self._overdue = self._begun[0]
            self._worker.kill()

    def stop(self) -> None:
        """Have the query in hand finished; the job then ends with ``stopped``, unless that was its last."""
        self._stopping = True
        if self._worker is not None and self.busy:
            self._worker.stop()

    def kill(self) -> None:
        """End the worker now; that is heard as the job's end."""
        self._stopping = True
        if self._worker is not None:
            self._worker.kill()

    def close(self) -> None:
        """End the worker if there is one, and give back what it holds here."""
        if self._worker is not None:
            self._worker.close()
        self._worker = self._holding = self._job = None

    def _take(self, event: Event) -> None:
        match event["event"]:
            case "begun":
                self._begun, self._worked = (event["qid"], time.monotonic()), True
            case "fault":
                self._fault = event
                return
            case "query":
                self._begun, self._fruitless = None, 0
            case "done" if self._deaths is not None:
                self._job = None
                event = {"event": "failed", "failure": self._deaths.model_dump(mode="json")}
            case name if name in LAST:
                self._job = None
                if name != "done":
                    # It is about to end and takes no further job.
                    self._holding = None
        self.events.append(event)

    def _ended(self) -> None:
        """The worker is gone with a job in hand."""
        worker, job = self._worker, self._job
        assert worker is not None
        assert job is not None
        self._worker = None
        try:
            if self._stopping:
                self._take({"event": "stopped"})
            elif self._overdue is not None:
                # Failed queries of before have been run anew, or will be: not again.
                stuck = (*job.timed_out, self._overdue)
                self._start(job.model_copy(update={"timed_out": stuck, "retry_failed": False}))
            else:
                self._died(worker, job)
        finally:
            worker.close()

    def _died(self, worker: WorkerProcess, job: Job) -> None:
        """Go on without the query in hand, if workers get as far as to queries, and sometimes beyond one."""
        left_out = (*job.left_out, self._begun[0]) if self._begun else job.left_out
        failure = worker.failure(self._fault, left_out)
        self._fruitless += 1
        if self._worked and self._fruitless < FRUITLESS:
            # Between two queries nothing is lost.
            self._deaths = failure if left_out else None
            self._start(job.model_copy(update={"left_out": left_out, "retry_failed": False}))
        else:
            self._take({"event": "failed", "failure": failure.model_dump(mode="json")})
