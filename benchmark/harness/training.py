"""From a collection's split to judged training queries, and to what an artefact says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.artefacts import TrainingData, document_print, query_print
from benchmark.collections.base import Collection
from benchmark.collections.questions import GIVEN
from benchmark.errors import UserError
from methods.base import Candidate, Example


@dataclass(frozen=True)
class Training:
    """What a fit learns from.

    Attributes:
        examples: one a usable topic; data: where they come from, for the artefact.
        irrelevant: topics without a relevant candidate; saturated: topics without one that is not.
    """

    examples: list[Example]
    data: TrainingData
    irrelevant: list[str]
    saturated: list[str]


def candidates_of(collection: Collection, docids_scores: Sequence[tuple[str, float]]) -> list[Candidate]:
    """First-stage hits as methods take them."""
    documents = collection.documents([docid for docid, _ in docids_scores])
    return [
        Candidate(document.docid, document.text, document.title, score)
        for document, (_, score) in zip(documents, docids_scores, strict=True)
    ]


DEPTH = 20
"""Candidates a query that is learnt from."""


def training(collection: Collection, first_stage: str | None, depth: int | None) -> Training:
    """Every topic of the split that can teach something.

    Args:
        first_stage: name of the run, None for the collection's default.
        depth: candidates a topic; None: `DEPTH` of a run, and all that a file of questions lists.

    Raises:
        UserError: no topic has a relevant and another candidate.
    """
    run = collection.first_stage(first_stage)
    hits, qrels = run.hits(), collection.qrels()
    if depth is None:
        depth = max(map(len, hits.values()), default=1) if run.name == GIVEN else DEPTH
    examples: list[Example] = []
    irrelevant: list[str] = []
    saturated: list[str] = []
    documents: set[str] = set()
    for topic in collection.topics():
        candidates = candidates_of(collection, [(hit.docid, hit.score) for hit in hits.get(topic.qid, [])[:depth]])
        judged = qrels.get(topic.qid, {})
        # Where some documents are judged not relevant, those without a judgement are neither.
        unjudged = -1 if any(grade <= 0 for grade in judged.values()) else 0
        grades = [max(0, judged[hit.docid]) if hit.docid in judged else unjudged for hit in candidates]
        if not any(grade > 0 for grade in grades):
            irrelevant.append(topic.qid)
        elif not any(grade == 0 for grade in grades):
            saturated.append(topic.qid)
        else:
            examples.append(Example(topic.text, candidates, grades))
            documents |= {document_print(candidate.docid, candidate.text) for candidate in candidates}
    if not examples:
        raise UserError(
            f"Collection '{collection.name}' ({collection.split}): no topic has a relevant and another document among "
            f"its first {depth} candidates of run '{run.name}'. Raise --depth, or take another first stage."
        )
    data = TrainingData(
        collection=collection.name,
        split=collection.split,
        revision=collection.revision,
        first_stage=run.name,
        run_sha256=run.sha256,
        depth=depth,
        queries=len(examples),
        skipped=len(irrelevant) + len(saturated),
        query_prints=tuple(sorted({query_print(example.query) for example in examples})),
        document_prints=tuple(sorted(documents)),
    )
    return Training(examples, data, irrelevant, saturated)
