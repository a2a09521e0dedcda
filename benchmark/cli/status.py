"""``rerankbench status [RESULTS]``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import RESULTS

if TYPE_CHECKING:
    from benchmark.harness.live import Whole

COLOUR = {"complete": "green", "running": "cyan", "failed": "red"}


@click.command()
@click.argument("results", type=RESULTS, default="results")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(results: Path | str, as_json: bool) -> None:
    """Say how far the cells in RESULTS (./results by default) are, also while they run. Nothing is changed.

    The time left is estimated from the seconds of queries that are done, for as many workers as run now.
    """
    from rich.markup import escape
    from rich.table import Table

    from benchmark.cli.table import output
    from benchmark.harness.live import standings, whole
    from benchmark.harness.places import reader

    if isinstance(results, Path):
        cells = standings(results)
    else:
        mirror = reader(results)
        mirror.fetch()
        cells = standings(mirror.folder, mirror.running())
    total = whole(cells)
    if as_json:
        click.echo(json.dumps({"cells": [asdict(cell) for cell in cells], "all": asdict(total)}, indent=1))
        return
    table = Table()
    table.add_column("cell", overflow="fold")
    for name in ("state", "queries", "failed", "s/query", "left"):
        table.add_column(name, justify="left" if name == "state" else "right")
    for cell in cells:
        table.add_row(
            escape(cell.name),
            cell.state,
            f"{cell.done}/{'?' if cell.total is None else cell.total}",
            str(cell.failed),
            "-" if cell.seconds is None else f"{cell.seconds:.2f}",
            "-" if cell.left is None or cell.state in ("complete", "failed") else clock(cell.left),
            style=COLOUR.get(cell.state),
        )
    if cells:
        output().print(table)
    click.echo(_in_words(total))


def clock(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _in_words(total: Whole) -> str:
    queries = (
        f"{total.done} of {'?' if total.total is None else total.total} queries done, {total.failed} of them failed"
    )
    parts = [f"{total.complete} of {total.cells} cells complete", queries]
    if total.rate is not None:
        parts.append(f"{total.rate:.2f} queries a second")
    if total.left is not None and total.complete < total.cells:
        parts.append(f"about {clock(total.left)} left")
    return f"{'; '.join(parts)}."
