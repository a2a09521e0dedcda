"""Training sets in Tevatron's form; what is common to all formats is tested in test_questions."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from benchmark.collections.catalogue import find
from benchmark.errors import UserError
from tests.support.questions import TEVATRON, write_lines


@pytest.mark.parametrize("name", ["train.jsonl", "train.jsonl.gz"])
def test_positives_and_hard_negatives(tmp_path: Path, name: str) -> None:
    collection = find(str(write_lines(tmp_path / name, TEVATRON)), "train")
    assert collection.name == "train"
    assert [topic.qid for topic in collection.topics()] == ["17", "18"]
    assert collection.qrels()["17"] == {"100": 1} | {str(number): 0 for number in range(101, 106)}
    assert collection.qrels()["18"] == {"103": 1, "100": 0}
    (weir,) = collection.documents(["100"])
    assert (weir.title, weir.text) == ("Weir", "The miller mends the weir.")


def test_the_order_does_not_depend_on_the_labels(tmp_path: Path) -> None:
    swapped = copy.deepcopy(TEVATRON)
    for instance in swapped:
        instance["positive_passages"], instance["negative_passages"] = (
            instance["negative_passages"],
            instance["positive_passages"],
        )
    one = find(str(write_lines(tmp_path / "one.jsonl", TEVATRON)), "train")
    other = find(str(write_lines(tmp_path / "other.jsonl", swapped)), "train")
    assert one.first_stage().hits() == other.first_stage().hits()
    assert one.qrels() != other.qrels()
    assert [hit.docid for hit in one.first_stage().hits()["17"]] != sorted(one.qrels()["17"])


def test_contradictions_and_missing_keys_are_named(tmp_path: Path) -> None:
    both = copy.deepcopy(TEVATRON[1])
    both["negative_passages"] = both["positive_passages"]
    path = write_lines(tmp_path / "t.jsonl", [both, {"query_id": 3, "positive_passages": [{"docid": 1}]}])
    with pytest.raises(UserError) as caught:
        list(find(str(path), "train").topics())
    assert caught.value.problems == (
        f"{path}:1: passage '103' is both positive and negative.",
        f"{path}:2: 'query' is required and missing.",
        f"{path}:2: 'positive_passages.0.text' is required and missing.",
        f"{path}:2: 'negative_passages' is required and missing.",
    )
