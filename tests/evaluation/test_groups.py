"""Means by group of topics."""

from __future__ import annotations

import pytest

from benchmark.evaluation.groups import NO_GROUP, GroupReport, by_group

VALUES = {"MAP": {"a": 1.0, "b": 0.5, "c": 0.0}, "MRR@10": {"a": 1.0, "b": 1.0, "c": 0.25}}


def test_means_are_over_the_measured_topics_of_a_group() -> None:
    groups = {"a": "x", "b": "x", "c": "y", "d": "y", "e": "z"}
    assert by_group(VALUES, groups) == {
        "x": GroupReport(2, 0, {"MAP": 0.75, "MRR@10": 1.0}),
        "y": GroupReport(1, 1, {"MAP": 0.0, "MRR@10": 0.25}),
        "z": GroupReport(0, 1, {}),
    }


def test_topics_without_a_group_are_one_where_others_have_one() -> None:
    assert by_group(VALUES, {"a": "x", "b": None, "c": None}) == {
        NO_GROUP: GroupReport(2, 0, {"MAP": 0.25, "MRR@10": pytest.approx(0.625)}),
        "x": GroupReport(1, 0, {"MAP": 1.0, "MRR@10": 1.0}),
    }


@pytest.mark.parametrize("groups", [{}, {"a": None, "b": None, "c": None}])
def test_without_groups_there_is_nothing_to_report(groups: dict[str, str | None]) -> None:
    assert by_group(VALUES, groups) == {}
