"""Which positions are ranked, and in what order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from methods.listwise.windows import bounds, sliding_order


@pytest.mark.parametrize(
    ("count", "window", "stride", "last", "expected"),
    [
        (100, 20, 10, "short", [(front, front + 20) for front in range(80, -1, -10)]),
        (45, 20, 10, "short", [(25, 45), (15, 35), (5, 25), (0, 15)]),
        (45, 20, 10, "full", [(25, 45), (15, 35), (5, 25)]),
        (20, 8, 5, "full", [(12, 20), (7, 15), (2, 10)]),
        (20, 20, 10, "full", [(0, 20)]),
        (7, 20, 10, "full", [(0, 7)]),
        (7, 20, 10, "short", [(0, 7)]),
    ],
)
def test_bounds(count: int, window: int, stride: int, last: str, expected: list[tuple[int, int]]) -> None:
    assert list(bounds(count, window, stride, last)) == expected  # type: ignore[arg-type]


@given(st.integers(1, 60), st.integers(2, 25), st.data())
def test_the_best_item_reaches_the_top_and_nothing_is_lost(count: int, window: int, data: st.DataObject) -> None:
    stride = data.draw(st.integers(1, window - 1))
    value = data.draw(st.permutations(range(count)))
    order = sliding_order(count, window, stride, lambda items: [value[item] for item in items])
    assert sorted(order) == list(range(count))
    assert value[order[0]] == count - 1
