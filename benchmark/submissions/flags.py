"""What is no error of a submission and still has to be seen."""

from __future__ import annotations

import re
from collections.abc import Sequence

from benchmark.collections.base import Qrels
from benchmark.errors import UserError
from benchmark.harness.record import QueryRecord
from benchmark.submissions.record import Submission, SubmittedRun
from benchmark.submissions.reference import Reference
from benchmark.submissions.training import out_of_reach, training
from methods import registry

PERFECT = 0.8
"""Share of topics in the best possible order from which on a run is flagged."""
ENOUGH = 5
"""Topics that could be in another order, below which nothing is said."""


def of_submission(submission: Submission) -> list[str]:
    """About the method. A card that was worded better since, which `card_sha256` tells, is nothing against its runs."""
    if submission.method not in registry.plugins():
        return [f"method '{submission.method}' is not in this repository yet"]
    return []


def of_run(submission: Submission, run: SubmittedRun, records: Sequence[QueryRecord], known: Reference) -> list[str]:
    """About one cell."""
    found = []
    backbone = run.request.backbone
    if backbone and backbone.source == "local":
        found.append("its backbone is a local folder, which nobody else can fetch")
    machines = (run.machine, *run.sessions)
    if any(each.git_dirty or not re.fullmatch("[0-9a-f]{40}", each.git_commit or "") for each in machines):
        found.append("made with code that is no commit")
    if other := _not_the_presets(run):
        found.append(other)
    if by_judgements := _by_judgements(records, known.qrels):
        found.append(by_judgements)
    found += [
        f"trained on {data.source}, which holds {data.queries} of these topics and {data.documents} of their candidates"
        for data in training(submission, run)
        if data.queries or data.documents
    ]
    return found + [f"trained on {source}, which cannot be looked at here" for source in out_of_reach(submission)]


def _not_the_presets(run: SubmittedRun) -> str:
    """Which options are not what the preset's name promises here; empty for a method that is not here."""
    method = run.request.method
    if method.name not in registry.plugins():
        return ""
    try:
        promised = registry.find(method.name).options(method.preset).model_dump(mode="json")
    except UserError:
        return f"the method has no preset '{method.preset}' here"
    shown = sorted(
        key
        for key in promised.keys() | method.options.keys()
        if key not in method.artefacts and promised.get(key) != method.options.get(key)
    )
    return f"not preset '{method.preset}' as it is here: {', '.join(shown)} set otherwise" if shown else ""


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
