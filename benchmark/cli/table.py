"""The table at the end of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from benchmark.harness.plan import Planned
from benchmark.harness.store import SUMMARY, read_summary

MOST = 200
"""Lines of the table; a sweep of very many cells is looked at on the page."""

WIDTH = 130
"""Columns where there is no terminal to ask."""


def output() -> Console:
    """Standard output; in a file or a pipe wide enough that little is folded."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def print_results(cells: Sequence[Planned], results: Path) -> None:
    """One line for each planned cell that is complete, up to `MOST`, on standard output; nothing when none is."""
    table = Table(title="nDCG@10 with its 95% interval, seconds a query, memory above the weights")
    for name in ("method", "backbone", "collection"):
        table.add_column(name, overflow="fold")
    for name in ("nDCG@10", "95% interval", "median s", "p90 s", "peak MiB", "failed"):
        table.add_column(name, justify="right")
    complete = [planned for planned in cells if (results / planned.slug / SUMMARY).is_file()]
    for planned in complete[:MOST]:
        summary = read_summary(results / planned.slug)
        if summary is None:
            continue
        low, high = summary.metrics.interval["nDCG@10"]
        latency = summary.latency
        peak = summary.memory.peak_above_weights if summary.memory else None
        table.add_row(
            f"{planned.request.method.name}:{planned.request.method.preset}",
            planned.request.backbone.name if planned.request.backbone else "-",
            planned.request.collection.name,
            f"{summary.metrics.mean['nDCG@10']:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{latency.median:.2f}" if latency else "-",
            f"{latency.p90:.2f}" if latency else "-",
            f"{peak / 2**20:.0f}" if peak is not None else "-",
            str(summary.failed),
        )
    if table.row_count:
        output().print(table)
    if len(complete) > MOST:
        click.echo(f"And {len(complete) - MOST} more complete cells.")
