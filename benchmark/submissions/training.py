"""What the data that a submission was trained on hold of what it is measured on."""

from __future__ import annotations

from benchmark.artefacts import TrainingData
from benchmark.collections import catalogue
from benchmark.harness.record import TrainingOverlap
from benchmark.names import canonical
from benchmark.submissions.pack import shipped
from benchmark.submissions.record import Submission, SubmittedRun
from benchmark.submissions.reference import Holdings, holdings, measured_on

NOTHING = Holdings(frozenset(), None)


def training(submission: Submission, run: SubmittedRun) -> list[TrainingOverlap]:
    """For everything the run was fitted on, as declared: how many of its topics and candidates are among it.

    - An artefact that is shipped with its method says what it saw, and concerns the runs that use it.
    - Of other data that this package brings, all topics, candidates and judged documents count as seen.
    - Of a library's data the topics are compared; of what is in no catalogue, the name. ``checked`` is False for both.

    Raises:
        UserError: the catalogue has the collection and no such split.
    """
    queries, documents = measured_on(run.request.collection)
    return [
        TrainingOverlap(
            source=source,
            checked=held.documents is not None,
            queries=len(queries & held.queries),
            documents=len(documents & (held.documents or frozenset())),
        )
        for source in submission.training_data
        for held in _held(source, submission, run)
    ]


def out_of_reach(submission: Submission) -> list[str]:
    """Declared data that the catalogue knows and that cannot be had here."""
    parts = [(source, *source.partition(":")) for source in submission.training_data]
    return [
        source
        for source, name, colon, split in parts
        if colon and catalogue.entry(name) is not None and holdings(name, split) is None
    ]


def _held(source: str, submission: Submission, run: SubmittedRun) -> list[Holdings]:
    if fitted := _fitted_on(source, submission):
        used = set(run.request.method.artefacts.values())
        return [
            Holdings(frozenset(data.query_prints), frozenset(data.document_prints))
            for sha256, data in fitted.items()
            if sha256 in used
        ]
    name, colon, split = source.partition(":")
    if colon and catalogue.entry(name) is not None:
        return [holdings(name, split) or NOTHING]
    measured = run.request.collection
    return [Holdings(measured_on(measured)[0], None) if canonical(name) == canonical(measured.name) else NOTHING]


def _fitted_on(source: str, submission: Submission) -> dict[str, TrainingData]:
    """What the submission's shipped artefacts of that source saw, by the artefact's sha256."""
    named = {artefact.sha256 for artefact in submission.artefacts if artefact.url is None}
    if not named:
        return {}
    data = {sha256: header.data for sha256, header in shipped(submission.method).items() if sha256 in named}
    return {sha256: each for sha256, each in data.items() if f"{each.collection}:{each.split}" == source}
