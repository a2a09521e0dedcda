"""What the harness adds to a query and to a cell: ``python -m benchmark.perf.overhead``.

Cells of the first stage, which re-ranks nothing, are run one after the other by one worker. What passes between two
queries beside the method's own seconds is the harness's: candidates looked up, the line forced to disk, events. What
passes between the last query of a cell and the first of the next is that of a cell: metrics with their intervals, run
file, the next cell's topics and run.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from statistics import fmean, median

import click
import psutil

from benchmark import suites
from benchmark.harness import provenance
from benchmark.harness.plan import Planned, plan, select
from benchmark.harness.runner import Execution, require_complete, run_cells
from benchmark.suites import SuiteCollection

MINUTE = 60.0


class Clock:
    """A `Progress` that notes what passed beside the method's own seconds."""

    def __init__(self) -> None:
        self.queries: list[float] = []
        self.cells: list[float] = []
        self._cell: str | None = None
        self._last = time.perf_counter()
        self.busy: list[float] = []
        """Processor seconds of this process and its worker, at each query's end."""

    def cell_found(self, planned: Planned) -> None:
        """Nothing is there before."""

    def cell_started(self, planned: Planned, done: int) -> None:
        """Not timed apart."""

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """Note the time since the query before."""
        del failure
        now = time.perf_counter()
        (self.queries if planned.slug == self._cell else self.cells).append(now - self._last - seconds)
        self._cell, self._last = planned.slug, now
        process = psutil.Process()
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        self.busy.append(sum(each.user + each.system for each in times))

    def worker_lost(self, planned: Planned, why: str) -> None:
        """None is."""

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """Not timed apart."""


@click.command()
@click.option("--collection", default="demo", show_default=True)
@click.option("--cells", default=10, show_default=True)
def main(collection: str, cells: int) -> None:
    """Print milliseconds a query and seconds a cell."""
    chosen = select(suites.find("demo"), ["first-stage"], [], [], None)
    asked = {"collections": (SuiteCollection(collection=collection),), "depth": tuple(range(1, cells + 1))}
    planned = plan(chosen.model_copy(update=asked), lambda _: None)
    clock = Clock()
    with tempfile.TemporaryDirectory() as results:
        require_complete(run_cells(planned, Path(results), Execution(threads=1), clock))
    start, *between = clock.cells
    click.echo(f"{provenance.processor()}, load average at the end {os.getloadavg()[0]:.1f}\n")
    click.echo("| | median | mean |\n|---|--:|--:|")
    click.echo(f"| a query, ms | {1000 * median(clock.queries):.2f} | {1000 * fmean(clock.queries):.2f} |")
    click.echo(f"| a cell, s | {median(between):.2f} | {fmean(between):.2f} |")
    click.echo(f"| of a cell of a minute | {median(between) / MINUTE:.2%} | {fmean(between) / MINUTE:.2%} |")
    busy = (clock.busy[-1] - clock.busy[0]) / len(between)
    queries = len(clock.queries) / len(planned)
    click.echo(
        f"\nProcessor time of a cell with its {queries + 1:.0f} queries: {busy:.2f} s, {busy / MINUTE:.2%} of a minute."
    )
    click.echo(f"\nThe worker's start, once: {start:.1f} s. {len(clock.queries)} queries, {len(between)} cells.")


if __name__ == "__main__":
    main()
