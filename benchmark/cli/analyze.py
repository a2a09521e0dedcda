"""``rerankbench analyze layers``, and where ``analyze grid``, ``heads`` and ``routing`` are hung."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli.analyze_grid import grid
from benchmark.cli.analyze_heads import heads
from benchmark.cli.analyze_routing import routing
from benchmark.cli.options import backbone_options, option_values, prepared


@click.group()
def command() -> None:
    """Analyse what a backbone's layers and heads know, and what mechanisms and frameworks are worth."""


command.add_command(grid)
command.add_command(heads)
command.add_command(routing)


@command.command()
@click.option("--backbone", "backbone_name", required=True, help="An LLM: rerankbench list backbones.")
@click.option("--collection", "collection_name", required=True, help="A collection, or a folder.")
@click.option(
    "--split",
    default="train",
    show_default=True,
    help="Choose a band on queries that are not measured on; a band chosen on test is an oracle.",
)
@click.option("--first-stage", default=None, show_default="the collection's", help="Run that is re-ranked.")
@click.option("--depth", type=click.IntRange(min=1), default=20, show_default=True, help="Candidates a query.")
@click.option(
    "--option", "options", multiple=True, metavar="KEY=VALUE", help="kind, order, words or spans, as for icr."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("analysis"),
    show_default=True,
    help="Folder for the CSV file and the SVG curve.",
)
@backbone_options
def layers(
    backbone_name: str,
    collection_name: str,
    split: str,
    first_stage: str | None,
    depth: int,
    options: tuple[str, ...],
    out: Path,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """nDCG@10 of every layer's attention alone, and the band of layers around the best one."""
    from benchmark.backbones import catalogue
    from benchmark.collections import catalogue as collections
    from benchmark.errors import UserError
    from benchmark.harness.store import write_atomic
    from methods import registry

    unused = {"strategy", "window", "stride"} & {option.partition("=")[0].strip() for option in options}
    if unused:
        raise UserError(f"Option {', '.join(sorted(unused))} has no meaning for a layer alone.")
    values = registry.find("icr").options(changes=option_values(options))
    collection = collections.find(collection_name, split)
    topics = sum(1 for _ in collection.topics())
    collection.first_stage(first_stage)
    selected = catalogue.find(backbone_name)
    folder = prepared(selected, accept_terms)
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.analysis.layers import as_csv, band_at_peak, layer_curve
    from benchmark.backbones.loader import load
    from leaderboard.curve import Dot, curve
    from methods.in_context.icr import IcrOptions

    torch.set_num_threads(threads)
    assert isinstance(values, IcrOptions)
    backbone = load(selected, folder, dtype=dtype)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Topics", total=topics)
        rows = layer_curve(backbone, collection, first_stage, depth, values, lambda _: bar.advance(task))
    quality = {row.layer: row.quality for row in rows}
    first, last = band_at_peak(quality)
    name = f"layers.{selected.name}.{collection.name}.{split}".replace("/", "--")
    out.mkdir(parents=True, exist_ok=True)
    write_atomic(out / f"{name}.csv", as_csv(rows))
    title = f"{selected.name} on {collection.name} ({split})"
    dots = [Dot(row.layer, row.quality, row.interval) for row in rows]
    write_atomic(out / f"{name}.svg", curve(dots, title, "layer", "nDCG@10 with 95% interval", None))
    for row in rows:
        marked = " *" if first <= row.layer <= last else ""
        click.echo(f"layer {row.layer:>3}  {row.quality:.3f}  [{row.interval[0]:.3f}, {row.interval[1]:.3f}]{marked}")
    oracle = " It was chosen on the test split: an oracle, to be labelled as one." if split == "test" else ""
    click.echo(f"Band around the best layer: layers={first}-{last}.{oracle}")
    click.echo(f"Written: {out / name}.csv and .svg")
