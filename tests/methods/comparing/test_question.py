"""How written labels are read."""

from __future__ import annotations

import pytest

from methods.comparing.question import letters, named, numbers, read_letter, read_named


@pytest.mark.parametrize(
    ("answer", "place", "fault"),
    [
        (" B", 1, None),
        ("a\n", 0, None),
        ("C", 2, None),
        ("D", None, "out_of_range"),
        ("", None, "refusal"),
        ("A.", None, "refusal"),
        ("Passage A", None, "refusal"),
        ("ß", None, "refusal"),
        ("1", None, "refusal"),
    ],
)
def test_a_letter_is_the_whole_answer(answer: str, place: int | None, fault: str | None) -> None:
    verdict = read_letter(answer, 3)
    assert verdict.place == place
    assert verdict.faults == ({fault} if fault else set())


def test_labels() -> None:
    assert letters(3) == ["A", "B", "C"]
    assert letters(26)[-1] == "Z"
    assert numbers(3) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("answer", "place", "fault"),
    [
        ("Passage B is best, not Passage A.", 1, None),
        (" C\n", 2, None),
        ("c", 0, "refusal"),
        ("passage B", 0, "refusal"),
        ("Passage D", 0, "out_of_range"),
        ("None of them.", 0, "refusal"),
        ("", 0, "refusal"),
    ],
)
def test_a_passage_named_in_prose_and_else_the_first(answer: str, place: int, fault: str | None) -> None:
    verdict = read_named(answer, 3)
    assert verdict.place == place
    assert verdict.faults == ({fault} if fault else set())


def test_prose_is_over_when_a_passage_is_named() -> None:
    assert not named("The passage ")
    assert named("It is Passage B")
