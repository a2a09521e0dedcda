"""Work shared among processes that begin as copies of this one, so that nothing has to be handed to them."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

Result = TypeVar("Result")


def spread(work: Callable[[int], Result], count: int, jobs: int) -> Iterator[Result]:
    """``work(0)``, ``work(1)``, ... in this order, each by a process of its own, up to ``jobs`` of them at once.

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
    fork = get_context("fork")
    running: dict[Any, tuple[int, Any]] = {}
    done: dict[int, Result] = {}
    numbers = iter(range(count))
    given = 0

    def begin() -> None:
        number = next(numbers, None)
        if number is not None:
            ours, theirs = Pipe(duplex=False)
            process = fork.Process(target=_do, args=(work, number, theirs), daemon=True)
            process.start()
            theirs.close()
            running[ours] = (number, process)

    try:
        for _ in range(jobs):
            begin()
        while given < count:
            for ended in wait(list(running)):
                number, process = running.pop(ended)
                # First the next one, so that no processor waits while results are unpacked.
                begin()
                done[number] = _received(ended)  # type: ignore[arg-type]
                process.join()
            while given in done:
                yield done.pop(given)
                given += 1
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _do(work: Callable[[int], Any], number: int, results: Connection) -> None:
    try:
        results.send((work(number), None))
    except Exception as error:  # noqa: BLE001  raised where the results are wanted
        error.add_note(traceback.format_exc())
        results.send((None, error))


def _received(results: Connection) -> Any:
    try:
        value, error = results.recv()
    except EOFError:
        raise RuntimeError("a process of this build was killed, perhaps for want of memory; try fewer jobs") from None
    finally:
        results.close()
    if error is not None:
        raise error
    return value
