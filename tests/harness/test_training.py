"""Judged training queries of a collection."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.artefacts import document_print, query_print
from benchmark.collections import catalogue
from benchmark.errors import UserError
from benchmark.harness.training import DEPTH as DEFAULT
from benchmark.harness.training import training
from tests.support.collection import DEPTH, DOCUMENTS, QUERIES
from tests.support.questions import write_lines


def judge(folder: Path, lines: list[str]) -> None:
    (folder / "qrels.tsv").write_text("".join(f"{line}\n" for line in lines))


def test_every_topic_with_a_relevant_and_another_candidate(small: Path) -> None:
    found = training(catalogue.find(str(small)), None, DEPTH)
    assert [example.query for example in found.examples] == list(QUERIES.values())
    assert found.irrelevant == found.saturated == []
    first = found.examples[0]
    assert [candidate.docid for candidate in first.candidates] == ["d0", "d1", "d2", "d3"]
    assert [candidate.score for candidate in first.candidates] == [9.5, 8.5, 7.5, 6.5]
    assert first.grades == [0, 0, 1, 0]
    assert first.candidates[2].text == DOCUMENTS["d2"]


def test_topics_that_teach_nothing_are_counted(small: Path) -> None:
    """q1: graded; q2: judged documents are not candidates; q3: nothing but relevant ones; q4: a grade below 0."""
    saturated = [f"q3 0 d{number} 1" for number in (2, 3, 4, 5)]
    judge(small, ["q1 0 d1 2", "q1 0 d3 1", "q1 0 d0 -1", "q2 0 d7 3", *saturated, "q4 0 d3 -2", "q6 0 d5 1"])
    found = training(catalogue.find(str(small)), "bm25", DEPTH)
    assert [example.query for example in found.examples] == [QUERIES["q1"], QUERIES["q6"]]
    assert found.examples[0].grades == [0, 2, -1, 1]
    assert (found.irrelevant, found.saturated) == (["q2", "q4", "q5"], ["q3"])
    assert (found.data.queries, found.data.skipped) == (2, 4)


def test_what_the_artefact_says(small: Path) -> None:
    collection = catalogue.find(str(small))
    judge(small, ["q1 0 d1 1"])
    data = training(collection, None, 3).data
    assert (data.collection, data.split, data.depth) == (collection.name, collection.split, 3)
    assert data.revision == collection.revision
    assert (data.first_stage, data.run_sha256) == ("bm25", collection.first_stage("bm25").sha256)
    assert data.query_prints == (query_print(QUERIES["q1"]),)
    used = ("d0", "d1", "d2")
    assert data.document_prints == tuple(sorted(document_print(docid, DOCUMENTS[docid]) for docid in used))


def test_depth_cuts_the_candidates(small: Path) -> None:
    """The relevant document of every topic stands third."""
    assert len(training(catalogue.find(str(small)), None, 3).examples) == len(QUERIES)
    with pytest.raises(UserError, match=r"no topic has a relevant and another document among its first 2 .*'bm25'"):
        training(catalogue.find(str(small)), None, 2)


def test_a_file_of_questions_is_taken_whole_and_a_run_is_cut(small: Path, tmp_path: Path) -> None:
    paragraphs = [
        {"paragraph_text": f"Text {at}.", "is_positive": at == 2, "is_negative": at != 2} for at in range(DEFAULT + 5)
    ]
    write_lines(tmp_path / "questions.jsonl", [{"question": "which text", "paragraphs": paragraphs}])
    found = training(catalogue.find(str(tmp_path / "questions.jsonl"), "train"), None, None)
    assert (found.data.depth, len(found.examples[0].candidates)) == (DEFAULT + 5, DEFAULT + 5)
    assert training(catalogue.find(str(small)), None, None).data.depth == DEFAULT


def test_the_demo_has_training_queries() -> None:
    found = training(catalogue.find("demo", "train"), None, 20)
    assert found.data.queries == len(found.examples) > 10
    assert found.data.split == "train"
    for example in found.examples:
        assert len(example.grades) == len(example.candidates)
        assert max(example.grades) > 0
        assert 0 in example.grades
