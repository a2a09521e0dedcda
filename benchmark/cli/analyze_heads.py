"""``rerankbench analyze heads``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli.options import backbone_options, prepared


@click.command()
@click.option("--backbone", "backbone_name", required=True, help="An LLM: rerankbench list backbones.")
@click.option("--collection", "collection_name", required=True, help="A collection, or a folder.")
@click.option("--split", default="train", show_default=True, help="Queries that heads are detected on.")
@click.option("--test-split", default="test", show_default=True, help="Queries that the curve is measured on.")
@click.option("--first-stage", default=None, show_default="the collection's", help="Run that is re-ranked.")
@click.option("--depth", type=click.IntRange(min=1), default=20, show_default=True, help="Candidates a query.")
@click.option("--words", type=click.IntRange(min=0), default=0, show_default="all", help="Words kept of a passage.")
@click.option(
    "--artefact",
    "folders",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="An artefact of rerankbench fit whose heads join the comparison of sets (repeatable).",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("analysis"),
    show_default=True,
    help="Folder for the CSV and SVG files.",
)
@backbone_options
def heads(
    backbone_name: str,
    collection_name: str,
    split: str,
    test_split: str,
    first_stage: str | None,
    depth: int,
    words: int,
    folders: tuple[Path, ...],
    out: Path,
    threads: int,
    dtype: Any,
    accept_terms: bool,
) -> None:
    """How well each head ranks, which heads the methods share, and nDCG@10 against the number of heads."""
    from benchmark.artefacts import read_artefact
    from benchmark.backbones import catalogue
    from benchmark.backbones.sources import whereabouts
    from benchmark.collections import catalogue as collections
    from benchmark.harness.training import training

    collection, test = collections.find(collection_name, split), collections.find(collection_name, test_split)
    run = test.first_stage(first_stage).name
    artefacts = [read_artefact(folder) for folder in folders]
    selected = catalogue.find(backbone_name)
    learnt = training(collection, first_stage, depth)

    from benchmark.analysis import heads as analysis

    analysis.enough(learnt.examples)
    measured = analysis.lists(test, first_stage, depth)
    baseline = measured.first_stage_quality()
    folder = prepared(selected, accept_terms)
    revision = whereabouts(selected, folder)[1]
    sets = [analysis.artefact_set(artefact, selected.name, revision) for artefact in artefacts]
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.backbones.loader import load
    from benchmark.harness.store import write_atomic
    from benchmark.paths import cache_root
    from leaderboard.curve import Dot, curves
    from leaderboard.heatmap import heatmap
    from methods.heads.tables import HeadScorer

    torch.set_num_threads(threads)
    backbone = load(selected, folder, dtype=dtype, revision=revision)
    scorer = HeadScorer(backbone, cache_root() / "head-tables")
    with Progress(console=Console(stderr=True)) as bar:
        detecting = bar.add_task("Detection", total=len(learnt.examples))
        measuring = bar.add_task("Curve", total=len(measured.topics))
        rules = analysis.detect(backbone, scorer, learnt.examples, lambda _: bar.advance(detecting), words)
        lines = analysis.sum_curves(backbone, scorer, rules, measured, lambda _: bar.advance(measuring), words)
    found = analysis.overlaps([*(rule.best for rule in rules), *sets])
    seen = analysis.seen_before(measured.topics, learnt.data)

    stem = f"heads.{selected.name}.{collection.name}.{split}".replace("/", "--")
    files: dict[str, str] = {}
    for rule in rules:
        title = f"{rule.name} on {selected.name}, {collection.name} ({split})"
        files[f"{stem}.{rule.name.lower()}.csv"] = analysis.scores_csv(rule)
        files[f"{stem}.{rule.name.lower()}.svg"] = heatmap(
            rule.scores.tolist(), title, rule.measure, set(rule.best.heads)
        )
    files[f"{stem}.overlap.csv"] = analysis.overlap_csv(found)
    name = f"{stem}.curve.{test_split}"
    files[f"{name}.csv"] = analysis.curve_csv(lines, baseline)
    dots = {label: [Dot(row.count, row.quality, row.interval) for row in rows] for label, rows in lines.items()}
    title = f"{selected.name} on {collection.name} ({test_split}, heads detected on {split})"
    files[f"{name}.svg"] = curves(
        dots, title, "heads summed, best first", "nDCG@10, 95%", (f"first stage: {run}", baseline), logarithmic=True
    )
    out.mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        write_atomic(out / file, content)

    skipped = len(learnt.irrelevant) + len(learnt.saturated)
    click.echo(
        f"Heads detected on {len(learnt.examples)} queries of '{split}'; {skipped} skipped: {len(learnt.irrelevant)} "
        f"without a relevant candidate, {len(learnt.saturated)} with nothing but relevant ones. Passes: {scorer.made}; "
        "other tables were kept from before."
    )
    for rule in rules:
        layer, head = rule.ranked[0]
        best = rule.scores[layer, head]
        click.echo(f"{rule.name}, {rule.measure}: best head {layer}-{head} with {best:.3g}")
    click.echo("Overlap:")
    for pair in found:
        click.echo(f"  {pair.one.name}, {pair.other.name}: {len(pair.heads)} shared, Jaccard {pair.jaccard:.2f}")
    click.echo(f"nDCG@10 on '{test_split}', first stage {run}: {baseline:.3f}")
    for label, rows in lines.items():
        for row in rows:
            low, high = row.interval
            click.echo(f"  {label:<6} {row.count:>4} heads  {row.quality:.3f}  [{low:.3f}, {high:.3f}]")
    click.echo(
        "Scores were masked for each head and then summed; rerankbench run masks after summing and differs slightly."
    )
    if seen:
        click.echo(
            f"{seen} of the {len(measured.topics)} queries of the curve are among those the heads were detected on: "
            "it is optimistic."
        )
    click.echo("Written: " + ", ".join(str(out / file) for file in files))
