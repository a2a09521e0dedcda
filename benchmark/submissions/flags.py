"""What is no error of a submission and still has to be seen."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.collections import catalogue
from benchmark.collections.base import Qrels
from benchmark.harness.record import QueryRecord, TrainingOverlap
from benchmark.hashing import sha256_file
from benchmark.names import canonical
from benchmark.submissions.record import Submission, SubmittedRun
from benchmark.submissions.reference import Reference, query_prints
from methods import registry

PERFECT = 0.8
"""Share of topics in the best possible order from which on a run is flagged."""
ENOUGH = 5
"""Topics that could be in another order, below which nothing is said."""


def of_submission(submission: Submission) -> list[str]:
    """About method, card and artefacts."""
    found = []
    if submission.method not in registry.plugins():
        found.append(f"method '{submission.method}' is not in this repository yet")
    elif submission.card_sha256 != sha256_file(registry.find(submission.method).folder / "card.yaml"):
        found.append("the method's card is not the one of this repository")
    return found


def of_run(submission: Submission, run: SubmittedRun, records: Sequence[QueryRecord], known: Reference) -> list[str]:
    """About one cell."""
    found = []
    backbone = run.request.backbone
    if backbone and backbone.source == "local":
        found.append("its backbone is a local folder, which nobody else can fetch")
    if run.machine.git_commit is None or run.machine.git_dirty:
        found.append("made with code that is no commit")
    if by_judgements := _by_judgements(records, known.qrels):
        found.append(by_judgements)
    return found + [
        f"trained on {data.source}, which holds {data.queries} of these topics"
        for data in training(submission, run)
        if data.queries
    ]


def _by_judgements(records: Sequence[QueryRecord], qrels: Qrels) -> str:
    """Whether nearly every topic is in an order that cannot be better."""
    open_topics = perfect = 0
    for record in records:
        grades = [max(0, qrels.get(record.qid, {}).get(docid, 0)) for docid in record.docids]
        if record.failure or sorted(grades, reverse=True) == grades:
            continue
        open_topics += 1
        ranked = [max(0, qrels.get(record.qid, {}).get(docid, 0)) for docid, _ in record.ranking()]
        perfect += ranked == sorted(ranked, reverse=True)
    if open_topics < ENOUGH or perfect < PERFECT * open_topics:
        return ""
    return f"{perfect} of {open_topics} topics are in the best order their judgements allow"


def training(submission: Submission, run: SubmittedRun) -> list[TrainingOverlap]:
    """For everything the method was fitted on, as declared: how many of the cell's topics it holds.

    Topics are compared by text where the catalogue has the data, by the collection's name otherwise.
    """
    asked = run.request.collection
    ours = query_prints(asked.name, asked.split)
    found = []
    for source in submission.training_data:
        name, colon, split = source.partition(":")
        if catalogue.entry(name) is not None and colon:
            seen = len(ours & query_prints(name, split))
        else:
            seen = len(ours) if canonical(name) == canonical(asked.name) else 0
        found.append(TrainingOverlap(source=source, checked=False, queries=seen, documents=0))
    return found
