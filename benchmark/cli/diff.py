"""``rerankbench diff RESULTS_A RESULTS_B``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.cli.options import RESULTS

if TYPE_CHECKING:
    from benchmark.harness.difference import Change, Comparison, Difference

SHOWN = 8
"""Queries named in a line; all are in the JSON."""


@click.command()
@click.argument("a", metavar="RESULTS_A", type=RESULTS)
@click.argument("b", metavar="RESULTS_B", type=RESULTS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every query and every metric.")
def command(a: Path | str, b: Path | str, as_json: bool) -> None:
    """Say what differs between two results folders: inputs, versions, prompts, rankings, metrics.

    Cells are matched by method, preset, backbone and collection; p is of the paired test of B against A.
    """
    from benchmark.harness.difference import compare
    from benchmark.harness.places import at_hand
    from benchmark.harness.store import read_cells

    found = compare(read_cells(at_hand(a)), read_cells(at_hand(b)))
    if as_json:
        click.echo(json.dumps(asdict(found), indent=1, ensure_ascii=False))
        return
    _print(found)


def _print(found: Comparison) -> None:
    from rich.markup import escape
    from rich.table import Table

    from benchmark.cli.table import output
    from benchmark.evaluation.metrics import METRICS

    table = Table(title=f"Cells in both: queries that differ, and {METRICS[0]}")
    table.add_column("cell", overflow="fold")
    for column in ("inputs", "versions", "prompts", "order", "RBO", "tau", "A", "B", "B - A", "p"):
        table.add_column(column, justify="right")
    for cell in found.cells:
        rankings, metric = cell.rankings, cell.metrics.get(METRICS[0])
        quality = ["-"] * 4
        if metric:
            quality = [f"{metric.a:.4f}", f"{metric.b:.4f}"]
            quality += [f"{metric.test.difference:+.4f}", f"{metric.test.p_value:.4f}"]
        table.add_row(
            escape(cell.name),
            str(len(cell.inputs)),
            str(len(cell.versions)),
            f"{len(cell.prompts.changed)}/{cell.prompts.compared}",
            f"{len(rankings.reordered)}/{rankings.compared}",
            _number(rankings.overlap),
            _number(rankings.tau),
            *quality,
        )
    if found.cells:
        output().print(table)
    for cell in found.cells:
        for line in _details(cell):
            click.echo(line)
    for side, names in (("A", found.only_a), ("B", found.only_b)):
        for name in names:
            click.echo(f"Only in {side}: {name}")
    if not (found.cells or found.only_a or found.only_b):
        click.echo("Neither folder holds a cell.")


def _details(cell: Difference) -> list[str]:
    """What changed, a line each; nothing for a cell that is the same."""
    lines = [*_changed("input", cell.inputs), *_changed("version", cell.versions)]
    for what, qids in (
        ("other prompts", cell.prompts.changed),
        ("other order", cell.rankings.reordered),
        ("same order, other scores", cell.rankings.rescored),
        ("failed in A only", cell.failed[0]),
        ("failed in B only", cell.failed[1]),
    ):
        if qids:
            rest = f", and {len(qids) - SHOWN} more" if len(qids) > SHOWN else ""
            lines.append(f"  {what}: {', '.join(qids[:SHOWN])}{rest}")
    return [cell.name, *lines] if lines else []


def _changed(kind: str, changes: Sequence[Change]) -> list[str]:
    return [f"  {kind} {change.field}: {_short(change.a)} -> {_short(change.b)}" for change in changes]


def _short(value: object, limit: int = 60) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= limit else f"{text[: limit - 3]}..."


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
