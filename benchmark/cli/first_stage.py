"""``rerankbench first-stage build``."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.collections.retrievers import BM25, Kind, known
from benchmark.errors import UserError

WITH_MODEL: tuple[Kind, ...] = ("dense", "sparse")
RETRIEVERS = (*BM25, *WITH_MODEL, *known())


@click.group()
def command() -> None:
    """First-stage runs."""


@command.command()
@click.argument("collection_name", metavar="COLLECTION")
@click.option("--split", default="test", show_default=True, help="Part of the collection.")
@click.option("--retriever", type=click.Choice(RETRIEVERS), default=RETRIEVERS[0], show_default=True)
@click.option("--model", default=None, help="Of dense and sparse: a model on the hub, or a folder.")
@click.option("--model-revision", default=None, help="Commit of the model on the hub.")
@click.option("--depth", type=click.IntRange(min=1), default=100, show_default=True, help="Documents a topic.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    show_default="in the cache, where run finds it by its retriever's name",
    help="Run file to write.",
)
def build(
    collection_name: str,
    split: str,
    retriever: str,
    model: str | None,
    model_revision: str | None,
    depth: int,
    out: Path | None,
) -> None:
    """Retrieve candidates for every topic of COLLECTION and write them as a TREC run.

    bm25s: BM25 with k1=0.9 and b=0.4 over title and text, analysed as Lucene's EnglishAnalyzer does; the same documents
    and topics give the same bytes. bm25s-given: the same over the candidates that come with each topic. dense, sparse:
    exact search by a model of sentence-transformers (dense or learned sparse); the other names are such models at a
    fixed commit. The corpus is read as a stream.
    """
    from rich.console import Console
    from rich.progress import Progress

    from benchmark.collections import catalogue, workshop
    from benchmark.collections.questions import GIVEN

    kind = next((name for name in WITH_MODEL if name == retriever), None)
    if kind and model is None:
        raise UserError(f"--retriever {kind} needs --model.")
    if not kind and (model or model_revision):
        raise UserError("--model belongs to --retriever dense or sparse.")
    collection = catalogue.find(collection_name, split)
    spec = catalogue.entry(collection.name)
    chosen = workshop.embedding(model, model_revision, kind) if kind and model else workshop.named(retriever)
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Documents", total=spec.splits[split].documents if spec else None)
        built = workshop.build(collection, chosen, depth, out, lambda done: bar.update(task, completed=done))
    click.echo(f"{collection.name} ({split}): {built.topics} topics, depth {depth}")
    click.echo(f"nDCG@10 {built.ndcg_at_10:.4f}, recall@100 {built.recall_at_100:.4f}")
    comparable = workshop.BM25_OF_GIVEN if spec and spec.first_stage == GIVEN else workshop.BM25
    if spec and spec.bm25 and chosen is comparable:
        difference = built.ndcg_at_10 - spec.bm25.ndcg_at_10
        click.echo(f"Published BM25: nDCG@10 {spec.bm25.ndcg_at_10:.4f} ({spec.bm25.source}), here {difference:+.4f}")
        if spec.bm25.note:
            click.echo(f"The published number: {spec.bm25.note}")
        if abs(difference) > 0.01:
            click.echo(spec.bm25.difference or "The catalogue does not explain a difference of this size yet.")
    click.echo(f"Written: {built.path}")
