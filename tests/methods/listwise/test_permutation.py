"""Reading a written ranking, and forcing one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.errors import QueryError
from methods.listwise.permutation import WellFormed, complete, parse_permutation
from tests.backbones.language.made import language


@pytest.mark.parametrize(
    ("answer", "order", "faults"),
    [
        ("[2] > [1] > [3]", [1, 0, 2], set()),
        ("2, 1", [1, 0, 2], {"missing"}),
        ("[3] > [3] > [1]", [2, 0, 1], {"missing", "repeated"}),
        ("[0] > [2020] > [3] > [1] > [2]", [2, 0, 1], {"out_of_range"}),
        ("Sorry, I cannot", [0, 1, 2], {"refusal"}),
        ("", [0, 1, 2], {"refusal"}),
        ("The 3 best: [1] > [2] > [3]", [2, 0, 1], {"repeated"}),
        ("[٢] > [1] > [3]", [1, 0, 2], set()),
        ("[02]>[7]", [1, 0, 2], {"missing", "out_of_range"}),
    ],
)
def test_order_and_faults(answer: str, order: list[int], faults: set[str]) -> None:
    parsed = parse_permutation(answer, 3)
    assert (parsed.order, parsed.faults) == (order, faults)


def test_a_digit_that_is_no_number_stops_the_query() -> None:
    with pytest.raises(QueryError, match="'² 1'"):
        parse_permutation("[²] > [1]", 2)


@given(st.text(st.sampled_from("0123456789[]> x"), max_size=40), st.integers(0, 12))
def test_any_answer_gives_every_item_once(answer: str, count: int) -> None:
    assert sorted(parse_permutation(answer, count).order) == list(range(count))


@given(st.permutations(range(1, 13)))
def test_writing_stops_with_the_last_identifier_and_not_before(ranking: list[int]) -> None:
    text = " > ".join(f"[{number}]" for number in ranking)
    stop = complete(12)
    stops = [length for length in range(len(text) + 1) if stop(text[:length])]
    assert stops == [len(text)]
    assert parse_permutation(text, 12).faults == set()


def letters(text: str) -> list[int]:
    return [ord(char) for char in text]


@pytest.mark.parametrize("fragment", [letters, language()._vocabulary.fragment], ids=["letters", "byte-level"])
@given(choices=st.lists(st.integers(0, 99), min_size=80, max_size=80))
def test_whatever_is_chosen_the_answer_is_well_formed(fragment: Callable[[str], list[int]], choices: list[int]) -> None:
    labels = [str(number) for number in range(1, 13)]
    allowed = WellFormed(fragment, labels)
    written: list[int] = []
    while (ids := allowed(written)) is not None:
        assert len(set(ids)) == len(ids) >= 1
        written.append(ids[choices[len(written) % 80] % len(ids)])
    if fragment is letters:
        text = "".join(map(chr, written))
        assert parse_permutation(text, 12).faults == set()
        assert text == " > ".join(f"[{item + 1}]" for item in parse_permutation(text, 12).order)


def test_a_random_model_writes_a_ranking_when_it_must() -> None:
    model = language()
    allowed = WellFormed(model.fragment, [str(number) for number in range(1, 13)])
    (answer,) = model.generate([model.encode("rank them: ")], 200, constraint=allowed)
    assert answer.reason == "end"
    assert parse_permutation(answer.text, 12).faults == set()
    assert torch.tensor(parse_permutation(answer.text, 12).order).unique().numel() == 12
