"""How long it takes to validate many submissions: ``python -m benchmark.perf.submissions``.

Each holds three runs of the demo collection, 105 queries with 15 candidates on average, with scores of its own.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import click

from benchmark import suites
from benchmark.harness import provenance, summary
from benchmark.harness.plan import plan, select
from benchmark.harness.record import QueryRecord
from benchmark.harness.runner import Execution, require_complete, run_cells
from benchmark.harness.store import LINES, RUN, Cell, read_cells
from benchmark.perf.workers import Clock
from benchmark.submissions import pack
from benchmark.submissions.ingest import accept, check_all, flag_copies, folders
from benchmark.submissions.record import Submission

DEPTHS = (10, 15, 20)
DISTINCT = 50
"""Sets of scores; submissions beyond that are copies under another date, which cost as much to check."""


@contextmanager
def many(number: int) -> Iterator[Path]:
    """A folder with so many submissions."""
    with tempfile.TemporaryDirectory() as scratch:
        results, out = Path(scratch) / "results", Path(scratch) / "submissions"
        planned = [
            cell
            for depth in DEPTHS
            for cell in plan(select(suites.find("demo"), ["first-stage"], [], [], depth), lambda _: None)
        ]
        require_complete(run_cells(planned, results, Execution(1), Clock()))
        cells = read_cells(results)
        packed: tuple[Submission, list[Cell]] | None = None
        for index in range(number):
            if packed is None or index < DISTINCT:
                scored = [_scored(cell, random.Random(index)) for cell in cells]
                (packed,) = pack.submissions(scored, contact="nobody", licence="CC0-1.0")
            submission, of_it = packed
            dated = submission.model_copy(update={"date": submission.date - timedelta(days=index)})
            pack.write(dated, of_it, out)
        yield out


def _scored(cell: Cell, dice: random.Random) -> Cell:
    """The cell with other scores, in its files as well."""
    records = [
        QueryRecord.model_validate(record.model_dump() | {"scores": [dice.gauss(0, 3) for _ in record.docids]})
        for record in cell.records
    ]
    assert cell.machine is not None
    (cell.folder / LINES).write_text("".join(record.model_dump_json() + "\n" for record in records), encoding="utf-8")
    (cell.folder / RUN).write_text(summary.run_text(cell.request, cell.machine, records), encoding="utf-8")
    return replace(cell, records=tuple(records))


def measure(root: Path, jobs: int, out: Path) -> tuple[int, float, float]:
    """Queries in good submissions; seconds of checking them, and of writing their cells after that.

    Raises:
        RuntimeError: one was refused, so that other work was timed than was meant.
    """
    start = time.perf_counter()
    reports = list(check_all(folders(root), jobs))
    flag_copies(reports)
    checked = time.perf_counter()
    for report in reports:
        accept(root, report, [], out)
    written = time.perf_counter()
    if refused := [report for report in reports if report.problems]:
        raise RuntimeError(f"{refused[0].name}: {refused[0].problems[0]}")
    queries = sum(len(run.records) for report in reports for run in report.runs)
    return queries, checked - start, written - checked


@click.command()
@click.option("--number", type=click.IntRange(min=1), default=1000, show_default=True, help="Submissions.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes that check.")
def main(number: int, jobs: int) -> None:
    """Make submissions, check them all, and say how long checking took."""
    with many(number) as root, tempfile.TemporaryDirectory() as out:
        queries, checking, writing = measure(root, jobs, Path(out))
    machine = f"{provenance.processor()}, {provenance.usable_cores()} cores"
    click.echo(f"{machine}, load average at the end {os.getloadavg()[0]:.1f}")
    click.echo(
        f"{number} submissions, {queries} queries, {jobs} processes: {checking:.1f} s to check, "
        f"{writing:.1f} s more to write their cells."
    )


if __name__ == "__main__":
    main()
