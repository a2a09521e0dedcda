"""What a submitted run is held against: topics, judgements and candidates of our own catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from benchmark.artefacts import query_print
from benchmark.collections import catalogue
from benchmark.collections.base import Collection, Qrels
from benchmark.errors import UserError
from benchmark.harness.record import CollectionRequest


@dataclass(frozen=True)
class Reference:
    """One collection with its candidates.

    Attributes:
        candidates: docids of every topic in first-stage order, to the asked depth; topics in file order.
    """

    collection: Collection
    candidates: Mapping[str, tuple[str, ...]]
    qrels: Qrels


@lru_cache(maxsize=64)
def reference(request: CollectionRequest) -> Reference:
    """The catalogue's collection for a request.

    Raises:
        UserError: not in the catalogue (a path or a library's name is never followed), or other documents,
            judgements, candidates or rules than the catalogue's.
    """
    entry = catalogue.entry(request.name)
    if entry is None or entry.name != request.name:
        raise UserError(f"collection '{request.name}' is not in the catalogue; only its collections can be submitted.")
    collection = catalogue.find(request.name, request.split)
    run = collection.first_stage(request.first_stage)
    told = {
        "documents, topics or judgements": (request.revision, collection.revision),
        f"candidates of run '{run.name}'": (request.run_sha256, run.sha256),
        "rules": (request.rules, collection.rules),
    }
    problems = [
        f"collection '{request.name}' ({request.split}): other {what} than the catalogue's. Run it on the catalogue's."
        for what, (theirs, ours) in told.items()
        if theirs != ours
    ]
    if problems:
        raise UserError(problems)
    hits = run.hits()
    candidates = {
        topic.qid: tuple(hit.docid for hit in hits.get(topic.qid, [])[: request.depth]) for topic in collection.topics()
    }
    return Reference(collection, candidates, collection.qrels())


@lru_cache(maxsize=64)
def query_prints(name: str, split: str) -> frozenset[str]:
    """Hashes of the topics' texts of a catalogued collection; UserError where there is none of that name."""
    return frozenset(query_print(topic.text) for topic in catalogue.find(name, split).topics())
