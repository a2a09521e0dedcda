"""QRHead's data files; what is common to all formats is tested in test_questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmark.collections.catalogue import find
from benchmark.errors import UserError
from tests.support.questions import QRHEAD, write_array


def test_only_the_relevant_paragraphs_are_judged(tmp_path: Path) -> None:
    collection = find(str(write_array(tmp_path / "nq.json", QRHEAD)), "train")
    assert collection.qrels() == {"t1": {"p1": 1}, "t2": {"p3": 1, "p9": 1}}, "p9 is relevant and not listed"
    assert collection.documents(["p1"])[0].text == "The miller mends the weir."


def test_numbers_may_stand_for_ids(tmp_path: Path) -> None:
    chapters = [{"idx": number, "paragraph_text": f"Chapter {number}."} for number in (1, 2, 3)]
    claim = {"idx": 12, "question": "The smith leaves.", "paragraphs": chapters, "gt_docs": [2, "3"], "book": "?"}
    collection = find(str(write_array(tmp_path / "clipper.json", [claim])), "train")
    assert [topic.qid for topic in collection.topics()] == ["12"]
    assert collection.qrels() == {"12": {"2": 1, "3": 1}}


@pytest.mark.parametrize("key", ["idx", "question", "gt_docs"])
def test_missing_keys_are_named(tmp_path: Path, key: str) -> None:
    instance: dict[str, Any] = {name: value for name, value in QRHEAD[0].items() if name != key}
    path = write_array(tmp_path / "nq.json", [instance])
    with pytest.raises(UserError) as caught:
        list(find(str(path), "train").topics())
    assert caught.value.problems == (f"{path}: instance 1: '{key}' is required and missing.",)
