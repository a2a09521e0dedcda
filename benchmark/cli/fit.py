"""``rerankbench fit METHOD``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli.options import backbone_options, option_values, prepared
from benchmark.errors import SHOWN, UserError

MEASURED = {"test", "all"}
"""Splits that results are measured on."""


@click.command()
@click.argument("method")
@click.option("--preset", default="default", show_default=True, help="Options of the method while it is fitted.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="An option of the method (repeatable).")
@click.option("--setting", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of the fit (repeatable).")
@click.option("--backbone", "backbone_name", required=True, help="An LLM: rerankbench list backbones.")
@click.option("--collection", "collection_name", required=True, help="A collection, or a folder.")
@click.option("--split", default="train", show_default=True, help="Part of the collection to learn from.")
@click.option("--first-stage", default=None, show_default="the collection's", help="Run the candidates come from.")
@click.option(
    "--depth",
    type=click.IntRange(min=2),
    default=None,
    show_default="20; all that a file of questions lists",
    help="Candidates a query.",
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the artefact.")
@click.option("--allow-test", is_flag=True, help="Learn from a test split; results on it are marked ever after.")
@backbone_options
def command(
    method: str,
    preset: str,
    options: tuple[str, ...],
    settings: tuple[str, ...],
    backbone_name: str,
    collection_name: str,
    split: str,
    first_stage: str | None,
    depth: int | None,
    out: Path,
    allow_test: bool,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """Learn METHOD's head set or router from judged queries and write it as an artefact.

    Score tables are kept by content in the cache folder: fitting a second method on the same data makes no new pass.
    """
    from benchmark.backbones import catalogue
    from benchmark.collections import catalogue as collections
    from benchmark.harness.training import training
    from benchmark.schema import parse
    from methods import registry

    plugin = registry.find(method)
    method_class = plugin.method_class
    if method_class.fit_settings is None:
        fitted = [name for name, other in registry.plugins().items() if other.method_class.fit_settings]
        raise UserError(f"Method '{plugin.name}' has nothing to fit. These have: {', '.join(fitted)}.")
    values = plugin.options(preset, option_values(options))
    chosen = parse(method_class.fit_settings, option_values(settings), f"Fit of '{plugin.name}'")
    collection = collections.find(collection_name, split)
    if collection.split in MEASURED and not allow_test:
        raise UserError(
            f"Split '{collection.split}' of collection '{collection.name}' is for measuring: what is fitted on it says "
            "nothing there. Fit on --split train, or add --allow-test; every result on it is marked then."
        )
    learnt = training(collection, first_stage, depth)
    for qids, why in (
        (learnt.irrelevant, "no relevant candidate"),
        (learnt.saturated, "no candidate that is judged not relevant"),
    ):
        if qids:
            shown = ", ".join(qids[:SHOWN]) + (", ..." if len(qids) > SHOWN else "")
            topics = "topic" if len(qids) == 1 else "topics"
            click.echo(
                f"Skipped {len(qids)} {topics} with {why} among the first {learnt.data.depth}: {shown}", err=True
            )
    selected = catalogue.find(backbone_name)
    folder = prepared(selected, accept_terms)
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.backbones.loader import load
    from benchmark.harness.fitting import fit
    from benchmark.paths import cache_root

    torch.set_num_threads(threads)
    backbone = load(selected, folder, dtype=dtype)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Topics", total=len(learnt.examples))
        artefact = fit(
            plugin,
            values,
            chosen,
            learnt,
            backbone,
            out,
            cache_root() / "head-tables",
            lambda done: bar.update(task, completed=done),
        )
    header = artefact.header
    click.echo(f"{header.name}: {len(learnt.examples)} topics, {header.facts.get('tables_made', 0)} new passes")
    if header.heads:
        click.echo(f"Heads: {', '.join(header.heads)}")
    click.echo(f"Written: {out}. Use it: --method {plugin.name} --option {method_class.fit_option}={out}")
