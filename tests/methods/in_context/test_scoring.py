"""Token attention to document scores, against the definition written out."""

from __future__ import annotations

import statistics

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.backbones.prompt import Span
from methods.in_context.scoring import HeadSum, document_sums, masked_document_sums

tokens = st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=30)


@given(tokens)
def test_masked_sum_is_the_papers_rule(values: list[float]) -> None:
    tensor = torch.tensor(values, dtype=torch.float64)
    (score,) = masked_document_sums(tensor, [Span(0, len(values))]).tolist()
    if len(values) == 1:
        assert score == values[0]
        return
    threshold = statistics.fmean(values) - 2 * statistics.stdev(values)
    if min(abs(value - threshold) for value in values) > 1e-9:
        assert score == pytest.approx(sum(value for value in values if value > threshold), abs=1e-9)


def test_heads_are_masked_apart() -> None:
    low = [0.1] * 20 + [-5.0]
    even = [0.1, 0.2] * 10 + [0.1]
    scores = masked_document_sums(torch.tensor([low, even]), [Span(0, 21)])
    torch.testing.assert_close(scores, torch.tensor([[2.0], [3.1]]))


def test_spans_select_their_tokens() -> None:
    row = torch.arange(10.0)
    assert document_sums(row, [Span(1, 3), Span(5, 5), Span(8, 10)]).tolist() == [3.0, 0.0, 17.0]


def test_head_sum_adds_layers_and_heads() -> None:
    heads = HeadSum()
    heads(0, torch.ones(2, 3, 4))
    heads(5, torch.full((2, 1, 4), 0.5))
    assert heads.total.tolist() == [[3.5] * 4] * 2
