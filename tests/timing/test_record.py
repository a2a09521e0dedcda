"""What a timed session is boiled down to."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.harness.store import CellWriter, read_cell
from tests.support.records import cell_request, timed_query, timing


def test_medians_are_over_queries_of_each_querys_median() -> None:
    found = timing(
        timed_query("a", [1.0, 9.0, 2.0], tokenise=[0.1, 0.1, 0.9]),
        timed_query("b", [4.0, 4.0, 4.0], tokenise=[0.3, 0.3, 0.3]),
        timed_query("c", [7.0, 6.0, 5.0], tokenise=[0.2, 0.2, 0.2]),
    )
    assert found.median == 4.0
    assert found.p90 == pytest.approx(4.0 + 0.8 * 2.0)
    assert found.tokenise_median == 0.2


def test_the_ratio_is_to_the_same_querys_reference() -> None:
    found = timing(
        timed_query("a", [2.0, 3.0, 2.0], [1.0, 1.0, 1.0]),
        timed_query("b", [40.0, 40.0, 40.0], [10.0, 10.0, 50.0]),
        timed_query("c", [3.0, 3.0, 3.0], [1.0, 1.0, 1.0]),
    )
    assert [query.ratio for query in found.queries] == [2.0, 4.0, 3.0]
    assert found.ratio == 3.0
    assert timing(timed_query("a", [2.0])).ratio is None


def test_it_lies_beside_the_summary_and_is_replaced(tmp_path: Path) -> None:
    request = cell_request()
    first, second = timing(timed_query("a", [2.0]), request=request), timing(timed_query("b", [3.0]), request=request)
    with CellWriter(tmp_path, request) as writer:
        assert read_cell(writer.folder).timing is None
        for session in (first, second):
            writer.write_timing(session)
            assert read_cell(writer.folder).timing == session
