"""How written labels are read."""

from __future__ import annotations

import pytest

from methods.comparing.question import letters, numbers, read_letter


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
