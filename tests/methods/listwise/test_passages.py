"""Passages in a prompt, and how they are cut until it fits."""

from __future__ import annotations

import pytest

from benchmark.backbones.language import Encoded
from benchmark.errors import QueryError
from methods.base import Candidate
from methods.listwise.passages import fitted, passage, without_letters, without_numbers


def prompt_of(per_word: int, asked: list[int], fixed: int = 50):
    def encode(words: int) -> Encoded:
        asked.append(words)
        return Encoded("", "", tuple(range(fixed + words * per_word)))

    return encode


def test_words_title_and_white_space() -> None:
    assert passage(Candidate("d", " one  two\nthree "), 2) == "one two"
    assert passage(Candidate("d", "one two", title="A title"), 5) == "Title: A title Content: one"
    assert passage(Candidate("d", "Title: Content: one"), 5) == "one"


def test_identifiers_in_a_passage_are_rewritten() -> None:
    text = "see [3] and [B], [12a] and [ab]"
    assert without_numbers(text) == "see (3) and [B], [12a] and [ab]"
    assert without_letters(text) == "see [3] and (B), [12a] and (ab)"


@pytest.mark.parametrize(("budget", "words"), [(10_000, 300), (650, 300), (649, 299), (100, 25), (52, 1)])
def test_the_largest_number_of_words_that_fits(budget: int, words: int) -> None:
    asked: list[int] = []
    assert len(fitted(prompt_of(2, asked), 300, budget, None)) == 50 + 2 * words
    assert len(asked) <= 11, "by bisection"


def test_a_quarter_of_the_excess_is_taken_from_each_passage() -> None:
    asked: list[int] = []
    # 20 passages, 10 tokens a word and passage: 60,050 tokens for 4,000.
    fitted(prompt_of(200, asked), 300, 4000, 20)
    expected, words = [300], 300
    while 50 + 200 * words > 4000:
        words -= max(1, (50 + 200 * words - 4000) // 80)
        words = max(1, words)
        expected.append(words)
    assert asked == expected


def test_nothing_is_taken_away_where_tokens_or_room_are_not_known() -> None:
    asked: list[int] = []
    assert len(fitted(prompt_of(2, asked), 300, None, None)) == 650
    unknown = Encoded("text")
    assert fitted(lambda words: unknown, 300, 10, 20) is unknown
    assert asked == [300]


@pytest.mark.parametrize("shared_by", [None, 20])
def test_what_never_fits_says_by_how_much(shared_by: int | None) -> None:
    with pytest.raises(QueryError, match=r"still has 52 tokens, 12 more than fit"):
        fitted(prompt_of(2, []), 300, 40, shared_by)
