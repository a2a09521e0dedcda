"""Throughput of one worker beside several on the same cells: ``python -m benchmark.perf.workers``.

Every worker computes with the same number of threads, so that twice the workers have twice the processors. Run it on a
machine that does nothing else.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import click

from benchmark import suites
from benchmark.backbones import sources
from benchmark.harness import provenance
from benchmark.harness.plan import Planned, plan, select
from benchmark.harness.runner import Execution, require_complete, run_cells

METHODS = ("icr:default", "icr:paper")
"""A cell each; they do the same work in another order."""


@dataclass
class Clock:
    """A `Progress` that notes when each query was done."""

    ends: list[float] = field(default_factory=list)

    def cell_found(self, planned: Planned) -> None:
        """Nothing is there before."""

    def cell_started(self, planned: Planned, done: int) -> None:
        """Not timed apart."""

    def query_done(self, planned: Planned, seconds: float, failure: str | None) -> None:
        """Note the time."""
        del planned, seconds, failure
        self.ends.append(time.perf_counter())

    def worker_lost(self, planned: Planned, why: str) -> None:
        """None is."""

    def cell_ended(self, planned: Planned, problem: str | None) -> None:
        """Not timed apart."""


@dataclass(frozen=True)
class Measured:
    """Queries a second: over the whole run with starting and loading, and from the first query's end to the last's."""

    workers: int
    queries: int
    seconds: float
    whole: float
    steady: float


def measure(cells: Sequence[Planned], workers: int, threads: int) -> Measured:
    """Run all cells anew with so many workers, ``threads`` each."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as results:
        start = time.perf_counter()
        execution = Execution(threads=workers * threads, workers=workers)
        require_complete(run_cells(cells, Path(results), execution, clock))
        seconds = time.perf_counter() - start
    queries = len(clock.ends)
    steady = (queries - 1) / (clock.ends[-1] - clock.ends[0])
    return Measured(workers, queries, seconds, queries / seconds, steady)


@click.command()
@click.option("--suite", "name", default="demo", show_default=True, help="Its backbones and collections are used.")
@click.option("--backbone", "backbones", multiple=True, help="Instead of the suite's.")
@click.option("--collection", "collections", multiple=True, help="Instead of the suite's.")
@click.option("--method", "methods", multiple=True, default=METHODS, show_default=True, help="A cell each.")
@click.option("--depth", type=click.IntRange(min=1), default=None, show_default="the suite's")
@click.option("--workers", type=click.IntRange(min=2), default=2, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Of each worker.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def main(
    name: str,
    backbones: tuple[str, ...],
    collections: tuple[str, ...],
    methods: tuple[str, ...],
    depth: int | None,
    workers: int,
    threads: int,
    as_json: bool,
) -> None:
    """Run the same cells with one worker and with several, and compare queries a second."""
    chosen = select(suites.find(name), methods, backbones, collections, depth)
    planned = plan(
        chosen, lambda selected: sources.prepare(selected, report=lambda line: click.echo(line, err=True)), typed=name
    )
    rows = [measure(planned, number, threads) for number in (1, workers)]
    load = os.getloadavg()[0]
    machine = f"{provenance.processor()}, {provenance.usable_cores()} cores, load average at the end {load:.1f}"
    if as_json:
        click.echo(json.dumps({"machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))
        return
    click.echo(f"{machine}\n\n| workers | queries | seconds | queries/s, whole run | queries/s, after the first |")
    click.echo("|---|---|---|---|---|")
    for row in rows:
        click.echo(f"| {row.workers} | {row.queries} | {row.seconds:.1f} | {row.whole:.3f} | {row.steady:.3f} |")
    one, several = rows
    click.echo(f"\n{several.whole / one.whole:.2f} times over the whole run, {several.steady / one.steady:.2f} after.")


if __name__ == "__main__":
    main()
