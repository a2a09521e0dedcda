"""Work shared among processes that begin as copies of this one, so that nothing has to be handed to them."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

Result = TypeVar("Result")


def spread(work: Callable[[int], Result], count: int, jobs: int) -> Iterator[Result]:
    """``work(0)``, ``work(1)``, ... in this order, by up to ``jobs`` processes, each of which takes the next number.

    This process does it alone where copies are not safe: outside of Linux, beside other threads, and after torch was
    imported, whose threads do not survive being copied.

    Args:
        work: without effects in memory that are wanted here; its results are sent back.

    Raises:
        RuntimeError: a process was killed; besides, whatever ``work`` raises.
    """
    if min(jobs, count) < 2 or sys.platform != "linux" or threading.active_count() > 1 or "torch" in sys.modules:
        yield from map(work, range(count))
        return
    # No more copies than there are processes: what a copy touches of this one's memory is copied, for each anew.
    fork = get_context("fork")
    processes = []
    busy: dict[Any, int] = {}
    done: dict[int, Result] = {}
    begun = given = 0
    try:
        for begun in range(1, min(jobs, count) + 1):
            ours, theirs = Pipe()
            process = fork.Process(target=_serve, args=(work, theirs, (*busy, ours)), daemon=True)
            process.start()
            processes.append(process)
            theirs.close()
            busy[ours] = begun - 1
            _order(ours, begun - 1)
        while given < count:
            for ready in wait(list(busy)):
                number = busy.pop(ready)
                # First the next order, so that nobody waits while results are unpacked.
                if begun < count:
                    busy[ready] = begun
                    _order(ready, begun)  # type: ignore[arg-type]
                    begun += 1
                done[number] = _received(ready)  # type: ignore[arg-type]
            while given in done:
                yield done.pop(given)
                given += 1
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(work: Callable[[int], Any], orders: Connection, inherited: Sequence[Connection]) -> None:
    """Do what is ordered, until the other end is closed or this process is ended."""
    # With a copy of the other end open here, nobody would notice that the first process is gone.
    for connection in inherited:
        connection.close()
    while True:
        try:
            number = orders.recv()
        except (EOFError, ConnectionResetError):
            return
        try:
            orders.send((work(number), None))
        except Exception as error:  # noqa: BLE001  raised where the results are wanted
            error.add_note(traceback.format_exc())
            orders.send((None, error))


def _order(connection: Connection, number: int) -> None:
    try:
        connection.send(number)
    except BrokenPipeError:
        raise _killed() from None


def _received(connection: Connection) -> Any:
    try:
        value, error = connection.recv()
    except (EOFError, ConnectionResetError):
        raise _killed() from None
    if error is not None:
        raise error
    return value


def _killed() -> RuntimeError:
    return RuntimeError("a process of this build was killed, perhaps for want of memory; try fewer jobs")
