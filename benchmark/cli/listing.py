"""``rerankbench list methods|backbones|collections|suites``."""

from __future__ import annotations

import json
from collections.abc import Callable

import click

Rows = list[dict[str, str]]


def _methods() -> Rows:
    from methods import registry

    return [
        {
            "name": name,
            "title": plugin.card.title,
            "family": plugin.card.family,
            "needs": ", ".join(plugin.card.needs) or "no backbone",
            "presets": ", ".join(["default", *plugin.card.presets]),
        }
        for name, plugin in sorted(registry.plugins().items())
    ]


def _backbones() -> Rows:
    from benchmark.backbones import catalogue
    from benchmark.backbones.spec import AS_SERVED

    return [
        {
            "name": name,
            "parameters": f"{spec.parameters / 1e9:.2f} B" if spec.parameters else "?",
            "context": f"{spec.context_length}" if spec.context_length else "?",
            "dtype": spec.dtype or AS_SERVED,
            "licence": spec.licence.name if spec.licence else "?",
            "sources": ", ".join(source.kind for source in spec.sources),
        }
        for name, spec in catalogue.entries().items()
    ]


def _collections() -> Rows:
    from benchmark.collections import catalogue

    return [
        {
            "name": name,
            "family": spec.family,
            "split": split,
            "queries": str(part.queries),
            "documents": str(part.documents),
            "first stages": ", ".join(f"{run} (depth {listed.depth})" for run, listed in part.runs.items())
            or spec.first_stage,
            "licence": spec.licence,
        }
        for name, spec in catalogue.entries().items()
        for split, part in spec.splits.items()
    ]


def _suites() -> Rows:
    from benchmark import suites

    return [
        {
            "name": name,
            "methods": ", ".join(f"{entry.method}:{entry.preset}" for entry in suite.methods),
            "backbones": ", ".join(suite.backbones),
            "collections": ", ".join(entry.collection for entry in suite.collections),
            "depth": ", ".join(map(str, suite.depth)),
        }
        for name, suite in suites.entries().items()
    ]


KINDS: dict[str, Callable[[], Rows]] = {
    "methods": _methods,
    "backbones": _backbones,
    "collections": _collections,
    "suites": _suites,
}


@click.command()
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(kind: str, as_json: bool) -> None:
    """Show what there is of KIND."""
    rows = KINDS[kind]()
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    from rich.table import Table

    from benchmark.cli.table import output

    table = Table()
    for column in rows[0] if rows else []:
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for row in rows:
        table.add_row(*row.values())
    output().print(table)
