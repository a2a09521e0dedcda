"""CoRe's detection sets; what is common to all formats is tested in test_questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.catalogue import find
from benchmark.errors import UserError
from tests.support.questions import CORE, write_array


def test_grades_and_names(tmp_path: Path) -> None:
    collection = find(str(write_array(tmp_path / "nq_core.json", CORE)), "train")
    assert [(topic.qid, topic.text) for topic in collection.topics()] == [
        ("q1", "who mends the weir"),
        ("q2", "who mends the weir"),
    ]
    lists = {qid: [hit.docid for hit in hits] for qid, hits in collection.first_stage().hits().items()}
    ford, miller, eels = lists["q1"]
    assert lists["q2"] == [miller, ford, f"{ford}-2"], "the same text has the same name, and every copy counts"
    assert collection.qrels() == {"q1": {ford: 0, miller: 1}, "q2": {miller: 1, ford: 0, f"{ford}-2": 0}}
    assert [document.text for document in collection.documents([miller, eels, f"{ford}-2"])] == [
        "The miller mends the weir.",
        "Eels pass the weir in May.",
        "The ford needs no mending.",
    ]


def test_names_do_not_depend_on_the_file(tmp_path: Path) -> None:
    both = find(str(write_array(tmp_path / "both.json", CORE)), "train").first_stage().hits()
    last = find(str(write_array(tmp_path / "last.json", CORE[1:])), "train").first_stage().hits()
    assert [hit.docid for hit in last["q1"]] == [hit.docid for hit in both["q2"]]


@pytest.mark.parametrize(
    ("paragraph", "expected"),
    [
        ({"is_positive": True}, "'paragraphs.1.paragraph_text' is required and missing."),
        ({"paragraph_text": "x", "is_negative": True}, "'paragraphs.1.is_positive' is required and missing."),
        ({"paragraph_text": "x", "is_positive": False}, "'paragraphs.1.is_negative' is required and missing."),
        ({"paragraph_text": "x", "is_positive": "so"}, "'paragraphs.1.is_positive': Input should be a valid boolean"),
    ],
)
def test_malformed_paragraphs_are_named(tmp_path: Path, paragraph: dict[str, Any], expected: str) -> None:
    good = {"paragraph_text": "good", "is_positive": True, "is_negative": False, "note": "unknown keys pass"}
    path = write_array(tmp_path / "c.json", [{"question": "?", "paragraphs": [good, paragraph]}])
    with pytest.raises(UserError) as caught:
        list(find(str(path), "train").topics())
    (said,) = caught.value.problems
    assert said.startswith(f"{path}: instance 1: {expected}")


def test_numbers_are_text_as_in_the_official_code(tmp_path: Path) -> None:
    instance = {"question": "?", "paragraphs": [{"paragraph_text": 1066, "is_positive": True, "is_negative": False}]}
    collection = find(str(write_array(tmp_path / "c.json", [instance])), "train")
    (hit,) = collection.first_stage().hits()["q1"]
    assert collection.documents([hit.docid])[0].text == "1066"
