"""``rerankbench run SUITE``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.executors import Asked, executor_options
from benchmark.cli.options import RESULTS, backbone_options, deterministic_option
from benchmark.cli.selection import Selection, selection_options
from benchmark.errors import UserError

if TYPE_CHECKING:
    from benchmark.harness.plan import Planned

SPOOL = ".slurm"
"""Folder of Slurm's jobs below the results."""

INTERRUPTED = "Interrupted. Finished queries are kept; run the same command again to go on."


@click.command()
@selection_options
@click.option(
    "--results",
    type=RESULTS,
    default="results",
    show_default=True,
    help="Folder of all results, or a URL of fsspec's, such as s3://bucket/prefix.",
)
@executor_options
@click.option(
    "--query-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    show_default=True,
    metavar="SECONDS",
    help="After this long a query counts as failed, and its worker is replaced.",
)
@click.option(
    "--retry-failed",
    is_flag=True,
    help="Also run cells again that ended early (out of memory, killed), and queries that failed.",
)
@click.option("--dry-run", is_flag=True, help="List the cells, and how far each is, and stop.")
@click.option("--energy", is_flag=True, help="Also read the device's energy meter (NVML, RAPL); refused without one.")
@deterministic_option
@backbone_options
def command(
    selection: Selection,
    results: Path | str,
    query_timeout: float,
    retry_failed: bool,
    energy: bool,
    deterministic: bool,
    threads: int,
    dtype: Any,
    accept_terms: bool,
    dry_run: bool,
    **where: Any,
) -> None:
    """Run SUITE (a name, or a YAML file); finished queries are found and not repeated.

    Ctrl-C finishes every query in hand and stops; the same command goes on from there.
    """
    from rich.console import Console

    from benchmark.cli.progress import RunProgress
    from benchmark.cli.table import print_results
    from benchmark.harness.devices import accelerators
    from benchmark.harness.mirror import ObjectMirror
    from benchmark.harness.runner import Execution, require_complete, run_cells

    asked = Asked(**where)
    asked.check()
    if energy and (asked.executor != "local" or (asked.workers or 1) > 1):
        raise UserError("--energy: a meter counts for the whole device. Measure it with one worker, on this machine.")
    console = Console(stderr=True)
    cells = selection.cells(dtype=dtype, accept_terms=accept_terms, note=console.print)
    mirror = None if isinstance(results, Path) else ObjectMirror(results, note=console.print)
    folder = mirror.folder if mirror else Path(results)
    if mirror:
        mirror.fetch([cell.slug for cell in cells])
    if dry_run:
        list_cells(cells, folder)
        return
    workers = asked.workers or 1
    # One worker finds its device as it always did.
    devices = accelerators() if asked.executor == "local" and workers > 1 else ()
    if 0 < len(devices) < workers:
        console.print(f"{workers} workers share {len(devices)} GPUs: the memory of each must hold several backbones.")
    execution = Execution(threads, workers, query_timeout, retry_failed, devices, energy, deterministic)
    executor = asked.build(folder, folder / SPOOL, execution)
    try:
        with RunProgress(cells, console, asked.at_once(executor)) as progress:
            outcome = run_cells(cells, folder, execution, progress, executor, mirror)
    except KeyboardInterrupt:
        raise UserError(INTERRUPTED) from None
    finally:
        if mirror:
            mirror.close()
    print_results([cell for cell in cells if cell.slug not in outcome.problems], folder)
    if outcome.interrupted:
        complete = len(outcome.ran) + len(outcome.found)
        click.echo(f"{complete} of {len(cells)} cells are complete.", err=True)
        raise UserError(INTERRUPTED)
    require_complete(outcome)
    click.echo(f"Results: {results}. Page: rerankbench leaderboard build --results {results}", err=True)


def list_cells(cells: Sequence[Planned], results: Path) -> None:
    """A line for each cell, with how far it is; the lines of those that run are not counted."""
    from benchmark.harness.store import REQUEST, read_summary

    for planned in cells:
        folder = results / planned.slug
        state = "complete" if read_summary(folder) else "begun" if (folder / REQUEST).is_file() else "waiting"
        click.echo(f"{state:<8}  {planned.queries:>6} queries  {planned.slug}")
    queries = sum(planned.queries for planned in cells)
    click.echo(f"{len(cells)} cells, {queries} queries.", err=True)
