"""Build first-stage runs and put them where `Runs` finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.collections.base import Collection, Hit
from benchmark.collections.first_stage import K1, B, bm25_run
from benchmark.collections.lucene import analyser
from benchmark.collections.questions import GIVEN
from benchmark.collections.retrievers import Kind, known
from benchmark.collections.runs import Runs
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.evaluation.runfile import format_run
from benchmark.harness.store import write_atomic
from benchmark.names import unknown

DEPTH = 100

Progress = Callable[[int], None]
"""Called with the number of documents read."""


@dataclass(frozen=True)
class Retriever:
    """A way to make a run.

    Attributes:
        name: of the run; about: what the file says of how it was made.
        retrieve: gives hits by qid, for a collection and a depth.
    """

    name: str
    about: Mapping[str, Any]
    retrieve: Callable[[Collection, int, Progress], dict[str, list[Hit]]]


@dataclass(frozen=True)
class Built:
    """A run that was written.

    Attributes:
        ndcg_at_10, recall_at_100: with the collection's rules applied.
    """

    path: Path
    topics: int
    ndcg_at_10: float
    recall_at_100: float


BM25 = Retriever(
    "bm25s",
    {"name": "BM25", "k1": K1, "b": B, "analysis": "Lucene EnglishAnalyzer"},
    lambda collection, depth, progress: bm25_run(collection.corpus(), collection.topics(), depth, progress=progress),
)


def _of_given(collection: Collection, depth: int, progress: Progress) -> dict[str, list[Hit]]:
    """Each topic's own candidates by BM25, with the statistics of these alone."""
    lists = collection.first_stage(GIVEN).hits()
    analyse = analyser()
    run: dict[str, list[Hit]] = {}
    for done, topic in enumerate(collection.topics(), 1):
        documents = collection.documents([hit.docid for hit in lists.get(topic.qid, [])])
        run |= bm25_run(documents, [topic], depth, analyse)
        progress(done)
    return run


BM25_OF_GIVEN = Retriever("bm25s-given", {**BM25.about, "over": "each topic's own candidates"}, _of_given)


def embedding(model: str, revision: str | None, kind: Kind = "dense") -> Retriever:
    """Exact search by a dense or learned-sparse model; UserError for one that cannot be loaded."""
    from benchmark.collections.dense import dense_run, load

    loaded = load(model, revision, kind)
    # Of a folder its name: where somebody keeps it is nobody's business.
    name = Path(model).name
    return Retriever(
        f"{kind}-{name}",
        {"name": model if revision else name, "revision": revision or "local folder", "vectors": kind},
        lambda collection, depth, progress: dense_run(
            loaded, collection.corpus(), collection.topics(), depth, progress=progress
        ),
    )


def named(run: str) -> Retriever:
    """What makes the run of that name; UserError for a run that cannot be made here."""
    without_model = {retriever.name: retriever for retriever in (BM25, BM25_OF_GIVEN)}
    if run in without_model:
        return without_model[run]
    if run in known():
        return embedding(known()[run].model, known()[run].revision, known()[run].kind)
    raise unknown("retriever", run, [*without_model, *known()])


def build(
    collection: Collection,
    retriever: Retriever,
    depth: int,
    out: Path | None = None,
    progress: Progress = lambda _: None,
) -> Built:
    """Retrieve for every topic and write the run.

    Args:
        out: the file; None: where the collection finds it by the retriever's name.
    """
    run = retriever.retrieve(collection, depth, progress)
    metadata = {
        "method": {"retrieval": dict(retriever.about)},
        "data": {"collection": collection.name, "split": collection.split, "revision": collection.revision},
    }
    target = out or Runs(collection.name, collection.split).workshop / f"{retriever.name}.trec"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, format_run(run, retriever.name, metadata))
    kept = collection.rules.applied(run, collection.excluded())
    values = mean(evaluate({qid: _docids(hits) for qid, hits in kept.items()}, collection.qrels()))
    return Built(target, len(run), values["nDCG@10"], values["recall@100"])


def _docids(hits: Sequence[Hit]) -> list[str]:
    return [hit.docid for hit in hits]
