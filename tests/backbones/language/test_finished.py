"""Where a finished answer is cut."""

from __future__ import annotations

import pytest

from benchmark.backbones.language.finished import ended
from methods.listwise.permutation import complete


@pytest.mark.parametrize(
    ("text", "kept", "reason"),
    [
        ("[2] > [1] > [3]", "[2] > [1] > [3]", "stop"),
        ("[2] > [1] > [3], as 7 of 9 say", "[2] > [1] > [3]", "stop"),
        ("3 2 1\nand more", "3 2 1\n", "stop"),
        ("[2] > [13]", "[2] > [13]", "limit"),
        ("", "", "limit"),
    ],
)
def test_a_ranking_ends_with_its_last_identifier(text: str, kept: str, reason: str) -> None:
    found = ended(text, 9, "limit", complete(3))
    assert (found.text, found.tokens, found.reason) == (kept, 9, reason)
