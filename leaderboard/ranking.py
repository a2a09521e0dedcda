"""Rank the rows of a family: intervals, rank ranges, groups of ties. Pure.

Rows are compared with each other on the mean over the collections, collections counting alike. Two rows differ if the
paired randomisation test of `benchmark.evaluation.multiple.differ` says so at 0.05, corrected for all pairs of a table.
A row's rank range goes from one more than the number of rows that are better in this sense to the number of rows less
those that are worse. A tie group is the best row that has no group yet with all rows below it down to the first that
differs from it; its rows are named with one letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, product
from string import ascii_uppercase

import numpy as np
from numpy.typing import NDArray

from benchmark.evaluation.multiple import Values, against, differ, mean_intervals
from leaderboard.family import Column, FamilyRow
from leaderboard.forks import spread
from leaderboard.rows import PRIMARY

MANY = 500
"""Rows from which on other processes are worth their start."""


@dataclass(frozen=True)
class Compared:
    """What comparing rows with each other gave, one value a row.

    Attributes:
        intervals: 95%; apart: shape (rows, rows), which differ; differences: to the first stage, with p-values.
    """

    intervals: Sequence[tuple[float, float] | None]
    apart: NDArray[np.bool_]
    differences: Sequence[tuple[float | None, float | None]]


def ranked(
    tables: Sequence[tuple[Sequence[FamilyRow], Sequence[Column]]], jobs: int = 1
) -> list[tuple[FamilyRow, ...]]:
    """Of each table's rows and columns: rows with a mean, best first and compared with each other, then the others.

    Args:
        jobs: processes, since tests over thousands of rows take seconds.
    """
    sorted_rows = [_by_mean(rows, columns) for rows, columns in tables]

    def work(number: int) -> Compared | None:
        whole, _ = sorted_rows[number]
        return _compared(whole, tables[number][1]) if whole else None

    found = spread(work, len(tables), jobs if sum(len(rows) for rows, _ in tables) > MANY else 1)
    return [(*_ranked(whole, compared), *others) for (whole, others), compared in zip(sorted_rows, found, strict=True)]


def _by_mean(rows: Sequence[FamilyRow], columns: Sequence[Column]) -> tuple[list[FamilyRow], list[FamilyRow]]:
    """Rows with a mean, best first; and the others by name."""
    others: list[FamilyRow] = []
    whole: list[FamilyRow] = []
    for row in rows:
        values = [score.value for score in row.scores if score.value is not None]
        if len(values) == len(columns):
            whole.append(replace(row, mean=sum(values) / len(values)))
        else:
            others.append(row)
    whole.sort(key=lambda row: (-(row.mean or 0.0), *_by_name(row)))
    return whole, sorted(others, key=_by_name)


def _by_name(row: FamilyRow) -> tuple[str, ...]:
    return row.title, row.method.preset, row.backbone.name if row.backbone else "", row.variant, row.key


def _compared(rows: Sequence[FamilyRow], columns: Sequence[Column]) -> Compared:
    parts, weights = _by_topic(rows, columns)
    if len(parts) == 1:
        intervals = [_own_interval(row) for row in rows]
    else:
        intervals = [(float(low), float(high)) for low, high in mean_intervals(parts, weights)]
    # A topic's share in the mean over collections of their means over topics.
    shares = [np.full(len(part), weight / len(part)) for part, weight in zip(parts, weights, strict=True)]
    values = np.concatenate(parts) * np.concatenate(shares)[:, None]
    return Compared(intervals, differ(values), _to_baseline(rows, values))


def _ranked(rows: Sequence[FamilyRow], compared: Compared | None) -> list[FamilyRow]:
    if compared is None:
        return []
    apart, groups = compared.apart, tie_groups(compared.apart)
    return [
        replace(
            row,
            interval=compared.intervals[place],
            rank=(1 + int(apart[place, :place].sum()), len(rows) - int(apart[place, place + 1 :].sum())),
            group=groups[place],
            difference=compared.differences[place][0],
            p_value=compared.differences[place][1],
        )
        for place, row in enumerate(rows)
    ]


def _by_topic(rows: Sequence[FamilyRow], columns: Sequence[Column]) -> tuple[list[Values], list[float]]:
    """Values of each section, shape (topics, rows), and the section's share in the mean over columns."""
    parts, weights = [], []
    for place, column in enumerate(columns):
        for part in range(len(column.sections)):
            found = [row.scores[place].rows[part].topics for row in rows]
            parts.append(np.stack([topics.values for topics in found if topics], axis=1))
            weights.append(1 / len(columns) / len(column.sections))
    return parts, weights


def _own_interval(row: FamilyRow) -> tuple[float, float] | None:
    summary = row.rows[0].summary
    return summary.metrics.interval.get(PRIMARY) if summary else None


def _to_baseline(rows: Sequence[FamilyRow], values: Values) -> list[tuple[float | None, float | None]]:
    """Difference of the means to the first stage's and its corrected p-value, None for the first stage itself."""
    found: list[tuple[float | None, float | None]] = [(None, None)] * len(rows)
    baseline = next((place for place, row in enumerate(rows) if row.is_baseline), None)
    if baseline is None:
        return found
    others = [place for place, row in enumerate(rows) if not row.is_baseline]
    tests = against(values[:, others], values[:, baseline])
    for place, test in zip(others, tests, strict=True):
        found[place] = ((rows[place].mean or 0.0) - (rows[baseline].mean or 0.0), test.corrected)
    return found


def tie_groups(apart: NDArray[np.bool_]) -> list[str]:
    """A letter for each row, best first: the same from a leader down to the first row that differs from it."""
    names = ("".join(letters) for length in count(1) for letters in product(ascii_uppercase, repeat=length))
    out: list[str] = []
    leader, name = 0, ""
    for place in range(len(apart)):
        if not out or apart[leader, place]:
            leader, name = place, next(names)
        out.append(name)
    return out


def group_number(name: str) -> int:
    """Place of a group's letter, from 1."""
    number = 0
    for letter in name:
        number = number * 26 + ascii_uppercase.index(letter) + 1
    return number
