"""Time planned cells one after the other; a session is stored whole when it has come to its end, or not at all."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmark.errors import UserError
from benchmark.harness.plan import Planned
from benchmark.harness.runner import terminated_is_interrupted
from benchmark.harness.sharing import share
from benchmark.harness.store import CellWriter
from benchmark.timing.process import TimingProcess
from benchmark.timing.record import Timing
from benchmark.timing.sample import SIZE
from benchmark.timing.session import TimingJob

REPEATS = 3


@dataclass(frozen=True)
class Asked:
    """How cells are timed.

    Attributes:
        threads: that the backbone computes with; divided among the processes of a throughput measurement.
        queries: of the sample; repeats: of each.
        at_once: processes of a throughput measurement, 1: none.
        accelerators: CUDA devices that these are spread over; empty: as they come.
        deterministic: hold torch to algorithms that always give the same bytes.
    """

    threads: int
    queries: int = SIZE
    repeats: int = REPEATS
    at_once: int = 1
    accelerators: tuple[str, ...] = ()
    deterministic: bool = False


Say = Callable[[Planned, str], None]


def time_cells(
    cells: Sequence[Planned], results: Path, asked: Asked, say: Say = lambda *_: None
) -> tuple[list[tuple[Planned, Timing]], list[str]]:
    """A session of every cell, each stored as it ends; what could not be timed, in words, does not stop the others.

    An interruption (Ctrl-C, SIGTERM) passes through: the session in hand leaves nothing, not even a folder that was not
    there before.
    """
    with terminated_is_interrupted():
        return _time_cells(cells, results, asked, say)


def _time_cells(
    cells: Sequence[Planned], results: Path, asked: Asked, say: Say
) -> tuple[list[tuple[Planned, Timing]], list[str]]:
    results.mkdir(parents=True, exist_ok=True)
    done: list[tuple[Planned, Timing]] = []
    problems: list[str] = []
    for planned in cells:
        folder = results / planned.request.slug
        new = not folder.exists()
        try:
            with CellWriter(results, planned.request) as writer:
                timing = measured(planned, results, asked, say)
                writer.write_timing(timing)
        except BaseException as error:
            if new:
                shutil.rmtree(folder, ignore_errors=True)
            if not isinstance(error, UserError):
                raise
            problems += error.problems
        else:
            done.append((planned, timing))
    return done, problems


def measured(planned: Planned, results: Path, asked: Asked, say: Say) -> Timing:
    """Latency of a cell, then its throughput if that was asked for; UserError where it cannot be timed."""
    job = job_of(planned, results, asked)
    with TimingProcess(job) as process:
        while (event := process.heard("told", "timing"))["event"] == "told":
            say(planned, event["text"])
    timing = Timing.model_validate(event["timing"])
    if asked.at_once == 1:
        return timing
    say(planned, f"throughput, {asked.at_once} processes at once")
    return timing.model_copy(update={"at_once": asked.at_once, "throughput": throughput(job, timing.failed, asked)})


def throughput(job: TimingJob, failed: tuple[str, ...], asked: Asked) -> float:
    """Queries a second, from the moment when all processes are loaded and warm until the last has finished."""
    threads = max(1, asked.threads // asked.at_once)
    each = job.model_copy(update={"threads": threads, "at_once": asked.at_once, "failed": failed})
    with ExitStack() as stack:
        processes = []
        for number in range(asked.at_once):
            process = TimingProcess(each, share(threads, number, asked.accelerators))
            processes.append(stack.enter_context(process))
        for process in processes:
            process.heard("ready")
        begun = time.perf_counter()
        for process in processes:
            process.go()
        queries = sum(process.heard("finished")["queries"] for process in processes)
        return float(queries / (time.perf_counter() - begun))


def job_of(planned: Planned, results: Path, asked: Asked) -> TimingJob:
    """What the process that times a cell is told."""
    command = planned.command.replace("rerankbench run", "rerankbench time", 1)
    return TimingJob.of(
        planned,
        results,
        asked.threads,
        command=f"{command} --queries {asked.queries} --repeats {asked.repeats}",
        deterministic=asked.deterministic,
        queries=asked.queries,
        repeats=asked.repeats,
    )
