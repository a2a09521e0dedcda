"""``rerankbench first-stage build``."""

from __future__ import annotations

from pathlib import Path

import click

RETRIEVERS = ("bm25s",)


@click.group()
def command() -> None:
    """First-stage runs."""


@command.command()
@click.argument("collection_name", metavar="COLLECTION")
@click.option("--split", default="test", show_default=True, help="Part of the collection.")
@click.option("--retriever", type=click.Choice(RETRIEVERS), default=RETRIEVERS[0], show_default=True)
@click.option("--depth", type=click.IntRange(min=1), default=100, show_default=True, help="Documents a topic.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    show_default="in the cache, where run finds it by its retriever's name",
    help="Run file to write.",
)
def build(collection_name: str, split: str, retriever: str, depth: int, out: Path | None) -> None:
    """Retrieve candidates for every topic of COLLECTION and write them as a TREC run.

    BM25 with k1=0.9 and b=0.4 over title and text, analysed as Lucene's EnglishAnalyzer does; the same documents and
    topics give the same bytes. The corpus is read as a stream.
    """
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.collections import catalogue
    from benchmark.collections.first_stage import K1, B, bm25_run
    from benchmark.collections.runs import Runs
    from benchmark.evaluation.metrics import evaluate, mean
    from benchmark.evaluation.runfile import format_run
    from benchmark.harness.store import write_atomic

    collection = catalogue.find(collection_name, split)
    spec = catalogue.entry(collection.name)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Documents", total=spec.splits[split].documents if spec else None)
        run = bm25_run(
            collection.corpus(), collection.topics(), depth, progress=lambda done: bar.update(task, completed=done)
        )
    metadata = {
        "method": {"retrieval": {"name": "BM25", "k1": K1, "b": B, "analysis": "Lucene EnglishAnalyzer"}},
        "data": {"collection": collection.name, "split": split, "revision": collection.revision},
    }
    target = out or Runs(collection.name, split).workshop / f"{retriever}.trec"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, format_run(run, retriever, metadata))
    kept = collection.rules.applied(run, collection.excluded())
    values = mean(evaluate({qid: [hit.docid for hit in hits] for qid, hits in kept.items()}, collection.qrels()))
    click.echo(f"{collection.name} ({split}): {len(run)} topics, depth {depth}")
    click.echo(f"nDCG@10 {values['nDCG@10']:.4f}, recall@100 {values['recall@100']:.4f}")
    if spec and spec.bm25:
        difference = values["nDCG@10"] - spec.bm25.ndcg_at_10
        click.echo(f"Published BM25: nDCG@10 {spec.bm25.ndcg_at_10:.4f} ({spec.bm25.source}), here {difference:+.4f}")
        if abs(difference) > 0.01:
            click.echo(spec.bm25.note or "The catalogue does not explain a difference of this size yet.")
    click.echo(f"Written: {target}")
