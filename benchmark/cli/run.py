"""``rerankbench run SUITE``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli.options import (
    backbone_options,
    deterministic_option,
    key_values,
    prepared,
    selection_options,
)
from benchmark.errors import UserError

INTERRUPTED = "Interrupted. Finished queries are kept; run the same command again to go on."


@click.command()
@selection_options
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Cells that run at once, each in a process of its own; they share the threads, and are spread over the GPUs.",
)
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
@click.option("--energy", is_flag=True, help="Also read the device's energy meter (NVML, RAPL); refused without one.")
@deterministic_option
@backbone_options
def command(
    suite: str,
    methods: tuple[str, ...],
    backbones: tuple[str, ...],
    collections: tuple[str, ...],
    options: tuple[str, ...],
    depth: int | None,
    results: Path,
    workers: int,
    query_timeout: float,
    retry_failed: bool,
    energy: bool,
    deterministic: bool,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """Run SUITE (a name, or a YAML file); finished queries are found and not repeated.

    Ctrl-C finishes every query in hand and stops; the same command goes on from there.
    """
    from rich.console import Console

    from benchmark import suites
    from benchmark.cli.progress import RunProgress
    from benchmark.cli.table import print_results
    from benchmark.harness.devices import accelerators
    from benchmark.harness.plan import plan, select
    from benchmark.harness.runner import Execution, require_complete, run_cells

    if energy and workers > 1:
        raise UserError("--energy: a meter counts for the whole device. Measure it with one worker.")
    console = Console(stderr=True)
    named = suites.find(suite)
    # What is named is wanted: that it is not here is an error then.
    held = named if collections else suites.present(named, console.print)
    chosen = select(held, methods, backbones, collections, depth, key_values(options))
    typed = suite if Path(suite).suffix else None
    cells = plan(
        chosen, lambda selected: prepared(selected, accept_terms), dtype=dtype, typed=typed, note=console.print
    )
    # One worker finds its device as it always did.
    devices = accelerators() if workers > 1 else ()
    if 0 < len(devices) < workers:
        console.print(f"{workers} workers share {len(devices)} GPUs: the memory of each must hold several backbones.")
    execution = Execution(threads, workers, query_timeout, retry_failed, devices, energy, deterministic)
    try:
        with RunProgress(cells, console, workers) as progress:
            outcome = run_cells(cells, results, execution, progress)
    except KeyboardInterrupt:
        raise UserError(INTERRUPTED) from None
    print_results([cell for cell in cells if cell.slug not in outcome.problems], results)
    if outcome.interrupted:
        complete = len(outcome.ran) + len(outcome.found)
        click.echo(f"{complete} of {len(cells)} cells are complete.", err=True)
        raise UserError(INTERRUPTED)
    require_complete(outcome)
    click.echo(f"Results: {results}. Page: rerankbench leaderboard build --results {results}", err=True)
