"""``rerankbench analyze routing``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli.options import backbone_options, option_values, prepared
from benchmark.errors import UserError


@click.command()
@click.option("--backbone", "backbone_name", required=True, help="An LLM: rerankbench list backbones.")
@click.option("--collection", "collection_name", required=True, help="A collection, or a folder.")
@click.option("--split", default="train", show_default=True, help="Its queries are learnt from and measured in turn.")
@click.option("--first-stage", default=None, show_default="the collection's", help="Run the candidates come from.")
@click.option("--depth", type=click.IntRange(min=2), default=20, show_default=True, help="Candidates a query.")
@click.option("--words", type=click.IntRange(min=0), default=0, show_default="all", help="Words kept of a passage.")
@click.option("--folds", type=click.IntRange(min=2), default=5, show_default=True, help="Parts of the queries.")
@click.option("--setting", "settings", multiple=True, metavar="KEY=VALUE", help="A setting of RouteHead's fit.")
@click.option("--ablate", is_flag=True, help="Also change one choice at a time.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("analysis"),
    show_default=True,
    help="Folder for the CSV file.",
)
@backbone_options
def routing(
    backbone_name: str,
    collection_name: str,
    split: str,
    first_stage: str | None,
    depth: int,
    words: int,
    folds: int,
    settings: tuple[str, ...],
    ablate: bool,
    out: Path,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """How close RouteHead's router comes to the best heads per query, on queries it never saw (cross-validation)."""
    from benchmark.backbones import catalogue
    from benchmark.collections import catalogue as collections
    from benchmark.harness.training import training
    from benchmark.schema import parse
    from methods.routehead.method import FEWEST, RouteHead, RouteHeadOptions, RouteHeadSettings

    chosen = parse(RouteHeadSettings, option_values(settings), "Fit of 'routehead'")
    learnt = training(collections.find(collection_name, split), first_stage, depth)
    queries = len(learnt.examples)
    if queries - queries // folds < FEWEST or queries < folds:
        raise UserError(f"{queries} usable queries in {folds} folds leave too few to learn from; {FEWEST} are needed.")
    selected = catalogue.find(backbone_name)
    folder = prepared(selected, accept_terms)
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.analysis.routing import ABLATIONS, cross_validate
    from benchmark.backbones.loader import load
    from benchmark.harness.store import write_atomic
    from benchmark.paths import cache_root
    from methods.heads.detection import Judged
    from methods.heads.method import arranged_tables
    from methods.heads.tables import HeadScorer
    from methods.routehead.states import query_state

    torch.set_num_threads(threads)
    backbone = load(selected, folder, dtype=dtype)
    layout = RouteHead(RouteHeadOptions(words=words), backbone).layout()
    scorer = HeadScorer(backbone, cache_root() / "head-tables")
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Topics", total=queries)
        tables = arranged_tables(scorer, layout, learnt.examples, chosen, lambda done: bar.update(task, completed=done))
    judged = [Judged(table.calibrated, example.grades) for table, example in zip(tables, learnt.examples, strict=True)]
    lines = ["variant,way,nDCG@10,low,high,heads"]
    click.echo(f"{queries} queries of {learnt.data.collection}:{split}, depth {depth}, {folds} folds")
    for name, changes in ABLATIONS if ablate else ABLATIONS[:1]:
        varied = chosen.model_copy(update=changes)
        layer = int(varied.layer * backbone.attention.layers)
        states = torch.stack([query_state(backbone, example.query, layer) for example in learnt.examples])
        for way in cross_validate(judged, states, varied, folds):
            low, high = way.interval
            lines.append(f"{name},{way.name},{way.mean:.6f},{low:.6f},{high:.6f},{way.heads:.2f}")
            click.echo(f"{name:<32} {way.name:<16} {way.mean:.3f}  [{low:.3f}, {high:.3f}]  {way.heads:6.1f} heads")
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"routing.{selected.name}.{learnt.data.collection}.{split}.csv".replace("/", "--")
    write_atomic(path, "\n".join(lines) + "\n")
    click.echo(f"Written: {path}")
