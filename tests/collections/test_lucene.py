"""Terms as Lucene's EnglishAnalyzer makes them. Expected terms follow its documentation and UAX 29's examples."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.collections.lucene import LONGEST, STOP_WORDS, analyser, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "The quick (\u201cbrown\u201d) fox can\u2019t jump 32.3 feet, right?",
            "quick brown fox can\u2019t jump 32.3 feet right",
        ),
        ("John's and the dogs' and CHILDREN\u2019S", "john dogs children"),
        ("3.14 1,000 a.b x-ray e-mail@example.org", "3.14 1,000 a.b x ray e mail example.org"),
        ("IL-2 and TNF_alpha in 5mg", "il 2 tnf_alpha 5mg"),
        ("U.S. versus U.S.A", "u.s versus u.s.a"),
        ("'quoted' words", "quoted words"),
        ("", ""),
    ],
)
def test_words(text: str, expected: str) -> None:
    assert words(text) == expected.split()


def test_single_letters_count_unlike_in_other_analysers() -> None:
    assert words("vitamin D is a vitamin") == ["vitamin", "d", "vitamin"]


def test_stems_are_porters() -> None:
    assert analyser()("relational conditional running ponies generalizations") == [
        "relat", "condit", "run", "poni", "gener",
    ]  # fmt: skip


def test_a_long_word_is_cut_into_pieces() -> None:
    assert [len(word) for word in words("x" * (2 * LONGEST + 1))] == [LONGEST, LONGEST, 1]


@given(st.text())
def test_any_text_gives_lower_case_words_that_are_no_stop_words(text: str) -> None:
    found = words(text)
    assert not STOP_WORDS & set(found)
    assert all(word and word.split() == [word] for word in found)
