"""What declared training data hold of a submitted run: exact where the artefact is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.artefacts import query_print, read_artefact
from benchmark.collections import catalogue
from benchmark.submissions.record import ArtefactReference, Submission
from benchmark.submissions.reference import holdings, measured_on
from benchmark.submissions.training import training
from benchmark.submissions.validate import check
from methods import registry

ARTEFACT = registry.find("qrhead").folder / "artefacts" / "smollm2-135m-instruct.demo"


@pytest.fixture
def fitted(submission: Path) -> Submission:
    """A submission of a method with the shipped artefact, and one run that uses it."""
    found = check(submission).submission
    assert found is not None
    (run,) = found.runs
    header = read_artefact(ARTEFACT).header
    method = run.request.method.model_copy(update={"name": "qrhead", "artefacts": {"heads": header.sha256}})
    run = run.model_copy(update={"request": run.request.model_copy(update={"method": method})})
    return found.model_copy(
        update={
            "method": "qrhead",
            "artefacts": (ArtefactReference(option="heads", sha256=header.sha256, url=None),),
            "training_data": ("demo:train",),
            "runs": (run,),
        }
    )


def test_a_shipped_artefact_says_what_it_saw(fitted: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    (run,) = fitted.runs
    (found,) = training(fitted, run)
    assert (found.source, found.checked, found.queries, found.documents) == ("demo:train", True, 0, 0)
    # The same artefact, had it seen a test topic and a test candidate.
    queries, documents = measured_on(run.request.collection)
    header = read_artefact(ARTEFACT).header
    data = header.data.model_copy(
        update={"query_prints": (min(queries), "else"), "document_prints": (min(documents), max(documents))}
    )
    shipped = {header.sha256: header.model_copy(update={"data": data})}
    monkeypatch.setattr("benchmark.submissions.training.shipped", lambda method: shipped)
    (found,) = training(fitted, run)
    assert (found.queries, found.documents) == (1, 2)
    # A run of the same submission that does not use it was not fitted on it.
    other = run.request.method.model_copy(update={"artefacts": {}})
    without = run.model_copy(update={"request": run.request.model_copy(update={"method": other})})
    assert training(fitted, without) == []


def test_what_the_demo_holds() -> None:
    held = holdings("demo", "test")
    assert held is not None
    assert held.queries == {query_print(topic.text) for topic in catalogue.find("demo").topics()}
    train = holdings("demo", "train")
    assert train is not None
    assert held.documents
    assert train.documents
    assert not held.queries & train.queries
