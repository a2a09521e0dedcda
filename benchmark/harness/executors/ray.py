"""Attendants on a Ray cluster: one actor a worker, which holds its processors and GPUs and keeps its backbone."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.errors import UserError
from benchmark.harness.executors.attendant import Attendant, Order
from benchmark.harness.held import holding
from benchmark.harness.station import LAST, Event

LOOK_AGAIN = 5.0
"""Seconds after which the cluster is asked again how large it is."""


class Seat:
    """The actor. Ray calls it in threads, `carry_out` in one of them at a time."""

    def __init__(self, threads: int) -> None:
        self._attendant = Attendant(threads)
        self._stopping = False

    def carry_out(self, order: Order) -> Iterator[Event]:
        """The order's events, as they happen."""
        self._attendant.begin(order)
        told = False
        while self._attendant.busy:
            if self._stopping and not told:
                told = True
                self._attendant.stop()
            # Ray sends into generators, and so cannot be handed on to a list's iterator.
            for event in self._attendant.step(0.2):
                yield event
                if event["event"] in LAST:
                    # When this goes on the next order may have begun, in the other thread: its events are not ours.
                    return

    def hello(self) -> None:
        """Answers when the actor runs."""

    def stop(self) -> None:
        """Have the query in hand finished."""
        self._stopping = True


@dataclass
class _Worker:
    actor: Any
    holding: str | None = None
    number: int | None = None
    events: Any = None
    hello: Any = None
    order: Order | None = None
    """Waits for the actor to run."""


class RayTransport:
    """See `remote.Transport`.

    Args:
        address: of the cluster, as ``ray.init`` takes it.
        workers: actors at most; None: as many as the cluster has room for.
        cpus, gpus: that each of them asks for; ``gpus`` None: one where the cluster has any.

    Raises:
        UserError: Ray is not installed, or there is no such cluster.
    """

    def __init__(self, address: str, workers: int | None, cpus: int, gpus: float | None) -> None:
        try:
            import ray
        except ImportError:
            raise UserError("Ray is not installed. Run: pip install 'rerankbench[ray]'") from None
        self._ray = ray
        _reach(address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level="warning")
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UserError(f"--address {address}: no Ray cluster is reached ({_first(error)}).") from None
        resources = ray.cluster_resources()
        self._cpus = cpus
        self._gpus = (1.0 if resources.get("GPU") else 0.0) if gpus is None else gpus
        self._limit = workers
        self._capacity = (0.0, 0)
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []
        # One thread carries orders out and the other hears that it should stop.
        options = {"num_cpus": cpus, "num_gpus": self._gpus, "max_concurrency": 2, "max_restarts": 0}
        self._actor = ray.remote(**options)(Seat)

    @property
    def room(self) -> int:
        """See `remote.Transport`."""
        return self._limit_now() - len(self._busy)

    def send(self, orders: Sequence[Order]) -> None:
        """See `remote.Transport`."""
        for order in orders:
            wanted = holding(order.job)
            worker = next((idle for idle in self._idle if idle.holding == wanted), None)
            if worker is None:
                # Of those that are idle any would do; what they hold is in the way of what is needed.
                worker = self._idle[0] if self._idle else self._new(order)
            if worker in self._idle:
                self._idle.remove(worker)
                self._give(worker, order)
            worker.number = order.number
            self._busy.append(worker)

    def hear(self, seconds: float) -> list[tuple[int, Event]]:
        """See `remote.Transport`."""
        if not self._busy:
            return []
        by_ref = {worker.events if worker.order is None else worker.hello: worker for worker in self._busy}
        ready, _ = self._ray.wait(list(by_ref), num_returns=len(by_ref), timeout=0)
        if not ready:
            ready, _ = self._ray.wait(list(by_ref), num_returns=1, timeout=seconds)
        if not ready and self._idle:
            return self._taken_back()
        heard = [self._next(by_ref[ref]) for ref in ready]
        return [event for event in heard if event is not None]

    def left(self, slug: str) -> list[str]:
        """Nothing: actors end with the process that started them."""
        del slug
        return []

    def stop(self) -> None:
        """See `remote.Transport`."""
        for worker in self._busy:
            worker.actor.stop.remote()

    def kill(self) -> None:
        """See `remote.Transport`."""
        for worker in self._busy:
            self._ray.kill(worker.actor)

    def close(self) -> None:
        """See `remote.Transport`."""
        for worker in [*self._idle, *self._busy]:
            self._ray.kill(worker.actor)
        self._ray.shutdown()

    def _new(self, order: Order) -> _Worker:
        """A worker that gets the order when it runs."""
        actor = self._actor.remote(order.job.threads)
        return _Worker(actor, hello=actor.hello.remote(), order=order)

    def _give(self, worker: _Worker, order: Order) -> None:
        worker.holding, worker.order = holding(order.job), None
        worker.events = worker.actor.carry_out.options(num_returns="streaming").remote(order)

    def _taken_back(self) -> list[tuple[int, Event]]:
        """Orders that wait for an actor to run: what is idle can have them.

        After the loss of a machine an actor may wait for room that those which are idle take up.
        """
        waiting = [worker for worker in self._busy if worker.order]
        for worker in waiting:
            self._busy.remove(worker)
            self._ray.kill(worker.actor)
        why = {"event": "lost", "why": "there was no room for its worker", "begun": False}
        return [(worker.order.number, why) for worker in waiting if worker.order]

    def _next(self, worker: _Worker) -> tuple[int, Event] | None:
        """The next event of a worker that has one; None of one that runs now and was given its order."""
        number = worker.number
        assert number is not None
        try:
            if worker.order is not None:
                self._ray.get(worker.hello)
                self._give(worker, worker.order)
                return None
            event: Event = self._ray.get(next(worker.events))
        except self._ray.exceptions.RayTaskError as error:
            # Of our own code there: what it has in hand is not known any more.
            self._busy.remove(worker)
            self._ray.kill(worker.actor)
            return number, {"event": "problems", "problems": [f"on the worker's machine: {_first(error)}"]}
        except (self._ray.exceptions.RayError, StopIteration) as error:
            self._busy.remove(worker)
            # It may have gone with its machine.
            self._capacity = (0.0, 0)
            return number, {"event": "lost", "why": _first(error), "begun": worker.order is None}
        if event["event"] in LAST:
            self._busy.remove(worker)
            self._idle.append(worker)
        return number, event

    def _limit_now(self) -> int:
        """Workers that the cluster can hold."""
        if self._limit is not None:
            return self._limit
        if time.monotonic() - self._capacity[0] > LOOK_AGAIN or not self._capacity[0]:
            resources = self._ray.cluster_resources()
            fit = resources.get("CPU", 0) // self._cpus
            fit = min(fit, resources.get("GPU", 0) // self._gpus) if self._gpus else fit
            self._capacity = time.monotonic(), max(1, int(fit))
        return self._capacity[1]


def _reach(address: str) -> None:
    """UserError where nobody listens; Ray itself tries for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if not colon or not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=10).close()
    except OSError as error:
        raise UserError(f"--address {address}: no Ray cluster is reached ({error.strerror or error}).") from None


def _first(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__
