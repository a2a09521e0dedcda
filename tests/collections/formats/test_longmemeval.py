"""LongMemEval: rounds, labels and splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.base import Collection, Document, Topic
from benchmark.collections.catalogue import find
from benchmark.errors import UserError
from tests.support.questions import LONGMEMEVAL, SESSIONS, longmemeval, turn, write_array


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_array(tmp_path / "longmemeval_s.json", LONGMEMEVAL)


def order(collection: Collection, qid: str) -> list[str]:
    return [hit.docid for hit in collection.first_stage().hits()[qid]]


def test_rounds_stand_in_the_order_of_the_conversation(path: Path) -> None:
    collection = find(str(path), "all")
    assert next(iter(collection.topics())) == Topic("k1", "How hot did my kiln get?", "single-session-user")
    assert order(collection, "k1") == [
        "filler_bread_1",
        "filler_bread_2",
        "answer_kiln_1_1",
        "answer_kiln_1_2",
        "filler_trains_1",
        "filler_trains_2",
    ]


def test_a_round_is_a_user_turn_with_its_answer(path: Path) -> None:
    collection = find(str(path), "all")
    assert collection.documents(["filler_bread_2", "filler_trains_1", "filler_trains_2"]) == [
        Document("filler_bread_2", "", "User: Thanks, and the oven?\nAssistant: Start at 240 degrees."),
        Document("filler_trains_1", "", "Assistant: Welcome back! Where are we going today?"),
        Document("filler_trains_2", "", "User: To the coast, by the slow train.\nAssistant: It leaves at 9:40."),
    ]


def test_a_round_is_relevant_if_either_turn_has_the_answer(path: Path) -> None:
    relevant = {
        qid: [docid for docid, grade in grades.items() if grade]
        for qid, grades in find(str(path), "all").qrels().items()
    }
    assert relevant == {
        "k1": ["answer_kiln_1_1"],
        "k2": ["answer_kiln_2_1"],
        "k3": ["answer_kiln_1_1", "answer_kiln_2_1"],
        "k4_abs": [],
    }
    assert set(find(str(path), "all").qrels()["k4_abs"]) == set(order(find(str(path), "all"), "k4_abs"))


def test_splits_keep_the_detection_questions_apart(path: Path) -> None:
    splits = {split: [topic.qid for topic in find(str(path), split).topics()] for split in ("all", "detection", "test")}
    assert splits == {"all": ["k1", "k2", "k3", "k4_abs"], "detection": ["k1"], "test": ["k2", "k3", "k4_abs"]}
    assert [topic.qid for topic in find(str(path)).topics()] == splits["test"]
    revisions = {find(str(path), split).revision for split in splits}
    assert len(revisions) == 3


def test_a_split_without_questions_says_so(tmp_path: Path) -> None:
    path = write_array(tmp_path / "l.json", LONGMEMEVAL[1:])
    with pytest.raises(UserError, match=r"none of its 3 questions belongs to split 'detection'"):
        list(find(str(path), "detection").topics())


def test_a_session_that_stands_twice_in_a_history_counts_once(tmp_path: Path) -> None:
    # So it is in 13 histories of the published file: https://github.com/xiaowu0162/LongMemEval/issues/54
    twice = longmemeval("k1", "multi-session", "?", "filler_bread", "answer_kiln_2", "filler_bread")
    collection = find(str(write_array(tmp_path / "l.json", [twice])))
    assert order(collection, "k1") == ["filler_bread_1", "filler_bread_2", "answer_kiln_2_1"]


def test_odd_conversations(tmp_path: Path) -> None:
    odd = longmemeval("k1", "multi-session", "?", "filler_bread")
    odd["haystack_session_ids"] = ["empty", "odd"]
    odd["haystack_sessions"] = [
        [],
        [
            turn("user", "First?"),
            turn("user", "Second?", True),
            turn("assistant", "Yes."),
            turn("assistant", "And more."),
            {"role": "user", "content": " Bye. ", "has_answer": None},
        ],
    ]
    collection = find(str(write_array(tmp_path / "l.json", [odd])))
    texts = [document.text for document in collection.documents(order(collection, "k1"))]
    assert texts == ["User: First?", "User: Second?\nAssistant: Yes.\nAssistant: And more.", "User: Bye."]
    assert collection.qrels() == {"k1": {"odd_1": 0, "odd_2": 1, "odd_3": 0}}


def broken(**changes: Any) -> dict[str, Any]:
    values = longmemeval("k9", "multi-session", "?", "filler_bread") | changes
    return {key: value for key, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("instance", "expected"),
    [
        (broken(question=None), "'question' is required and missing."),
        (broken(question_type=None), "'question_type' is required and missing."),
        (broken(haystack_session_ids=None), "'haystack_session_ids' is required and missing."),
        (broken(haystack_sessions=[[{"role": "user"}]]), "'haystack_sessions.0.0.content' is required and missing."),
        (broken(haystack_sessions="x"), "'haystack_sessions': Input should be a valid tuple (got 'x')."),
        (broken(haystack_session_ids=["a", "b"]), "question 'k9' has 1 sessions and 2 session ids."),
        (broken(haystack_sessions=[[]]), "question 'k9' has no paragraphs."),
        (
            broken(haystack_sessions=[[turn("user", "x") | {"has_answer": "perhaps"}]]),
            "'haystack_sessions.0.0.has_answer': Input should be a valid boolean",
        ),
    ],
)
def test_malformed_instances_are_named(tmp_path: Path, instance: dict[str, Any], expected: str) -> None:
    path = write_array(tmp_path / "l.json", [*LONGMEMEVAL, instance])
    with pytest.raises(UserError) as caught:
        list(find(str(path)).topics())
    (said,) = caught.value.problems
    assert said.startswith(f"{path}: instance 5: {expected}")


def test_made_up_sessions_are_as_published_ones() -> None:
    for name, session in SESSIONS.items():
        assert all(("has_answer" in each) == name.startswith("answer") for each in session)
