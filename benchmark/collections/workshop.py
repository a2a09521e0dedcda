"""Build first-stage runs and put them where `Runs` finds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.collections.base import Collection, Hit
from benchmark.collections.first_stage import K1, B, bm25_run
from benchmark.collections.runs import Runs
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.evaluation.runfile import format_run
from benchmark.harness.store import write_atomic

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


def dense(model: str, revision: str | None) -> Retriever:
    """Exact search by an embedding model; UserError for one that cannot be loaded."""
    from benchmark.collections.dense import dense_run, load

    loaded = load(model, revision)
    # Of a folder its name: where somebody keeps it is nobody's business.
    name = Path(model).name
    return Retriever(
        f"dense-{name}",
        {"name": model if revision else name, "revision": revision or "local folder"},
        lambda collection, depth, progress: dense_run(
            loaded, collection.corpus(), collection.topics(), depth, progress=progress
        ),
    )


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
