"""What a fitted method has seen of what it is measured on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmark.artefacts import TrainingData, document_print, query_print
from benchmark.collections import catalogue
from benchmark.collections.base import Collection
from benchmark.harness.overlap import overlaps
from benchmark.harness.record import TrainingOverlap
from benchmark.harness.training import training
from methods.base import Candidate, Method, Options
from tests.support.artefacts import training_data
from tests.support.collection import DOCUMENTS, QUERIES, write_collection
from tests.support.records import query_record


class Learnt(Method[Options]):
    """Scores nothing; was fitted on ``data``."""

    data: Sequence[TrainingData | str] = ()

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        raise NotImplementedError

    def learnt_from(self) -> list[TrainingData | str]:
        return list(self.data)


def seen(collection: Collection, *data: TrainingData | str) -> list[TrainingOverlap]:
    """Over all topics and the documents d0 to d3."""
    method = Learnt(Options(), None)
    method.data = data
    records = [query_record(qid, 1.0, 2.0, 3.0, 4.0) for qid in QUERIES]
    return overlaps(method, collection, list(collection.topics()), records)


@pytest.fixture
def town(small: Path) -> Collection:
    return catalogue.find(str(small))


def test_the_same_topics_and_documents_are_counted_once_each(town: Collection) -> None:
    data = training_data(
        query_prints=(query_print("  Where do HERONS\tnest "), query_print(QUERIES["q2"]), query_print("who else")),
        document_prints=(
            document_print("d0", DOCUMENTS["d0"]),
            document_print("d1", f" {DOCUMENTS['d1'].replace(' ', '  ')}\n"),
            document_print("d2", "Another text under the same id."),
            document_print("elsewhere", DOCUMENTS["d3"]),
            document_print("d7", DOCUMENTS["d7"]),
        ),
    )
    assert seen(town, data) == [TrainingOverlap(source="school:train", checked=True, queries=2, documents=2)]


def test_a_fit_on_the_test_set_itself_has_seen_all_of_it(town: Collection) -> None:
    (found,) = seen(town, training(town, None, 4).data)
    assert (found.source, found.checked, found.queries, found.documents) == ("town:test", True, len(QUERIES), 4)


def test_a_fit_elsewhere_is_named_with_nothing_seen(town: Collection, tmp_path: Path) -> None:
    assert seen(town, training_data()) == [TrainingOverlap(source="school:train", checked=True, queries=0, documents=0)]


def test_of_published_data_only_the_name_can_be_compared(town: Collection) -> None:
    found = seen(town, "Town", "nq")
    assert found == [
        TrainingOverlap(source="Town", checked=False, queries=len(QUERIES), documents=0),
        TrainingOverlap(source="nq", checked=False, queries=0, documents=0),
    ]


def test_a_method_that_was_not_fitted_reads_no_documents(tmp_path: Path) -> None:
    folder = write_collection(tmp_path / "empty")
    (folder / "corpus.jsonl").unlink()
    assert seen(catalogue.find(str(folder))) == []
