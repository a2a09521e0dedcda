"""What a submitted run is held against: topics, judgements and candidates of our own catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from benchmark.artefacts import document_print, query_print
from benchmark.collections import catalogue
from benchmark.collections.base import Collection, Qrels
from benchmark.collections.spec import FolderSource
from benchmark.errors import UserError
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.harness.record import CollectionRequest, QueryRecord


@dataclass(frozen=True)
class Reference:
    """One collection with its candidates.

    Attributes:
        candidates: docids of every topic in first-stage order, to the asked depth; topics in file order.
    """

    collection: Collection
    candidates: Mapping[str, tuple[str, ...]]
    qrels: Qrels

    def means(self, records: Iterable[QueryRecord]) -> dict[str, float]:
        """Every metric over the judged topics, from the records' scores."""
        rankings = {record.qid: [docid for docid, _ in record.ranking()] for record in records}
        return mean(evaluate(rankings, self.qrels, relevant_from=self.collection.relevant_from))


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


@dataclass(frozen=True)
class Holdings:
    """What is in a set of data that something may have been trained on.

    Attributes:
        queries: `query_print` of every topic.
        documents: `document_print` of every candidate and judged document; None where that would need a library's
            whole corpus.
    """

    queries: frozenset[str]
    documents: frozenset[str] | None


@lru_cache(maxsize=64)
def holdings(name: str, split: str) -> Holdings | None:
    """Of a catalogued split; None where a library has it and it cannot be had here.

    Raises:
        UserError: the catalogue has no such collection or split.
    """
    spec = catalogue.entry(name)
    collection = catalogue.find(name, split)
    if spec is not None and isinstance(spec.splits[split].source, FolderSource):
        docids = {docid for judged in collection.qrels().values() for docid in judged}
        for run in collection.first_stages()[:1]:
            docids |= {hit.docid for listed in collection.first_stage(run).hits().values() for hit in listed}
        return Holdings(_queries(collection), _documents(collection, docids))
    try:
        return Holdings(_queries(collection), None)
    except UserError:
        return None


@lru_cache(maxsize=64)
def measured_on(request: CollectionRequest) -> tuple[frozenset[str], frozenset[str]]:
    """Prints of a cell's topics, and of their candidates."""
    known = reference(request)
    docids = {docid for listed in known.candidates.values() for docid in listed}
    return _queries(known.collection), _documents(known.collection, docids)


def _queries(collection: Collection) -> frozenset[str]:
    return frozenset(query_print(topic.text) for topic in collection.topics())


def _documents(collection: Collection, docids: Iterable[str]) -> frozenset[str]:
    return frozenset(document_print(document.docid, document.text) for document in collection.documents(sorted(docids)))
