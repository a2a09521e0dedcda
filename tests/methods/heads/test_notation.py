"""Heads as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.heads.notation import Head, by_layer, format_heads, is_list, parse_heads

heads = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), min_size=1, max_size=40, unique=True)


@given(heads)
def test_what_is_written_is_read(chosen: list[Head]) -> None:
    text = format_heads(chosen)
    assert is_list(text)
    assert parse_heads(text) == chosen
    assert parse_heads(f" {text.replace(',', ' , ')} ") == chosen


@given(heads)
def test_by_layer_keeps_every_head_ascending(chosen: list[Head]) -> None:
    layers = by_layer(chosen)
    assert [(layer, head) for layer, those in layers.items() for head in those] == sorted(chosen)


@pytest.mark.parametrize("text", ["", "10", "10-", "10-0,", ",10-0", "10-0 12-4", "a-b", "-1-0", "10-0;12-4", "all"])
def test_anything_else_is_no_list(text: str) -> None:
    assert not is_list(text)
    with pytest.raises(ValueError, match="is not a list of heads such as 10-0,12-4"):
        parse_heads(text)


@pytest.mark.parametrize("text", ["1-2,3-4,1-2", "1-2,01-02,3-4"])
def test_a_head_named_twice_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="head 1-2 is named more than once"):
        parse_heads(text)
