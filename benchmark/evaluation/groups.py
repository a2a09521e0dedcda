"""Means of metrics over groups of topics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmark.evaluation.metrics import mean

NO_GROUP = "(no group)"
"""Stands for the topics without a group where others have one."""


@dataclass(frozen=True)
class GroupReport:
    """Quality over the topics of one group.

    Attributes:
        topics: those that were measured; left_out: those without a relevant document, which are not.
        mean: by metric; empty where no topic was measured.
    """

    topics: int
    left_out: int
    mean: dict[str, float]


def by_group(per_query: Mapping[str, Mapping[str, float]], groups: Mapping[str, str | None]) -> dict[str, GroupReport]:
    """A report for each group, by name.

    Args:
        per_query: what `metrics.evaluate` returns.
        groups: group of every topic of the collection; None where a topic has none.

    Returns:
        Nothing if no topic has a group.
    """
    if not any(groups.values()):
        return {}
    names = {qid: group or NO_GROUP for qid, group in groups.items()}
    reports = {}
    for name in sorted(set(names.values())):
        values = {
            metric: {qid: value for qid, value in by_topic.items() if names.get(qid) == name}
            for metric, by_topic in per_query.items()
        }
        measured = len(next(iter(values.values()), {}))
        total = sum(group == name for group in names.values())
        reports[name] = GroupReport(measured, total - measured, mean(values) if measured else {})
    return reports
