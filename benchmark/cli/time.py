"""``rerankbench time SUITE``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import backbone_options, deterministic_option
from benchmark.cli.selection import Selection, selection_options
from benchmark.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmark.harness.plan import Planned
    from benchmark.timing.record import Timing

INTERRUPTED = "Interrupted. The session in hand has left nothing; those before it are kept."

BUSY = 0.5
"""Load average beyond which a machine that is about to time is said to be busy."""


@click.command()
@selection_options
@click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results"),
    show_default=True,
    help="Folder of all results.",
)
@click.option("--queries", type=click.IntRange(min=1), default=10, show_default=True, help="Of the sample.")
@click.option("--repeats", type=click.IntRange(min=3), default=3, show_default=True, help="Of every query.")
@click.option(
    "--throughput",
    "at_once",
    type=click.IntRange(min=2),
    metavar="N",
    help="Then also measure queries a second with N processes at once, each with the model.",
)
@click.option("--workers", type=click.IntRange(min=1), default=1, hidden=True)
@deterministic_option
@backbone_options
def command(
    selection: Selection,
    results: Path,
    queries: int,
    repeats: int,
    at_once: int | None,
    workers: int,
    deterministic: bool,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """Time the cells of SUITE (a name, or a YAML file), one query at a time, beside the bare forward pass.

    The same few queries of a collection are run by every method, three to warm up, then all of them in turn, several
    times. A session is never resumed: a new one replaces it when it has come to its end.
    """
    import psutil

    from benchmark.harness.devices import accelerators
    from benchmark.harness.provenance import usable_cores
    from benchmark.timing.runner import Asked, time_cells

    if workers > 1:
        raise UserError(
            "--workers: cells that run side by side slow each other down, so latency is measured with one worker. For "
            "many queries at once add --throughput N."
        )
    cells = selection.cells(dtype=dtype, accept_terms=accept_terms, note=_say)
    load = psutil.getloadavg()[0]
    if load > BUSY:
        _say(f"This machine is busy: load average {load:.1f} on {usable_cores()} processors. It is noted.")
    asked = Asked(threads, queries, repeats, at_once or 1, accelerators() if at_once else (), deterministic)
    try:
        done, problems = time_cells(cells, results, asked, lambda planned, text: _say(f"{_name(planned)}: {text}"))
    except KeyboardInterrupt:
        raise UserError(INTERRUPTED) from None
    print_timings(done)
    if problems:
        raise UserError(problems)


def print_timings(done: Sequence[tuple[Planned, Timing]]) -> None:
    """One line a cell, on standard output; nothing when there is none."""
    from rich.table import Table

    from benchmark.cli.table import output

    table = Table(title="Seconds a query, one at a time; times the bare forward pass over the same tokens")
    for name in ("method", "backbone", "collection"):
        table.add_column(name, overflow="fold")
    for name in ("median s", "p90 s", "tokenise s", "x bare", "load s", "queries/s at once", "failed"):
        table.add_column(name, justify="right")
    for planned, timing in done:
        request = planned.request
        table.add_row(
            f"{request.method.name}:{request.method.preset}",
            request.backbone.name if request.backbone else "-",
            request.collection.name,
            f"{timing.median:.3f}",
            f"{timing.p90:.3f}",
            f"{timing.tokenise_median:.3f}",
            "-" if timing.ratio is None else f"{timing.ratio:.2f}",
            "-" if timing.load_seconds is None else f"{timing.load_seconds:.1f}",
            "-" if timing.throughput is None else f"{timing.throughput:.2f} ({timing.at_once})",
            str(len(timing.failed)),
        )
    if table.row_count:
        output().print(table)


def _name(planned: Planned) -> str:
    request = planned.request
    backbone = f" on {request.backbone.name}" if request.backbone else ""
    return f"{request.method.name}:{request.method.preset}{backbone}, {request.collection.name}"


def _say(text: str) -> None:
    click.echo(text, err=True)
