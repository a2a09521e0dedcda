"""What is typed in a shell is read, and what is written into a command is read as the same."""

from __future__ import annotations

import pytest

from benchmark.shell_values import in_shell, typed


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", "1e-3"),
        ("1.0e-3", 1e-3),
        (" 2 ", 2),
        ("true", True),
        ("off", False),
        ("[1, 2]", [1, 2]),
        ("plain words", "plain words"),
        ('"5"', "5"),
        ("Query: {q", "Query: {q"),
        ("Rank by relevance:", "Rank by relevance:"),
        ("[1", "[1"),
        ("a=b", "a=b"),
        ("", None),
    ],
)
def test_what_is_typed(written: str, value: object) -> None:
    assert typed({"key": written}) == {"key": value}


@pytest.mark.parametrize(
    "value", ["", "5", "off", "a: b", "null", "words", "10-0,12-4", 'it\'s "so"', 3, 0.001, True, None, [1]]
)
def test_what_is_written_is_read_as_the_same(value: object) -> None:
    assert typed({"key": in_shell(value)}) == {"key": value}
