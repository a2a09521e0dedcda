"""Two rows on the same topics: where they differ, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from benchmark.evaluation.multiple import Against, against
from benchmark.evaluation.statistics import TIE
from benchmark.harness.record import QueryRecord
from leaderboard.rows import Row, Section

TOP = 10
"""How much of a ranking is kept for a comparison."""

AT_ONCE = 200
"""Pairs that are tested together; a section may have thousands, and each takes memory for every sign flip."""

Tops = dict[str, tuple[str, ...]]
"""The first documents of each query, by qid; none for a failed query."""


@dataclass(frozen=True)
class Topic:
    """One topic: the value of each of the two, and their first documents."""

    qid: str
    ours: float
    theirs: float
    our_top: tuple[str, ...] = ()
    their_top: tuple[str, ...] = ()

    @property
    def difference(self) -> float:
        """Ours minus theirs."""
        return self.ours - self.theirs


@dataclass(frozen=True)
class Pair:
    """Two rows that were measured on the same topics, with the test on the difference of their means.

    Attributes:
        test: of ours minus theirs; not corrected for the number of pairs.
    """

    ours: Row
    theirs: Row
    test: Against

    @property
    def turned(self) -> Pair:
        """The same seen from the other row."""
        test = replace(self.test, difference=-self.test.difference, wins=self.test.losses, losses=self.test.wins)
        return Pair(self.theirs, self.ours, test)

    @property
    def differences(self) -> list[float]:
        """Ours minus theirs on every topic, falling."""
        assert self.ours.topics is not None
        assert self.theirs.topics is not None
        return sorted((self.ours.topics.values - self.theirs.topics.values).tolist(), reverse=True)

    def largest(self, count: int, our_tops: Tops, their_tops: Tops) -> list[Topic]:
        """The topics that differ most, in either direction, largest first."""
        assert self.ours.topics is not None
        assert self.theirs.topics is not None
        qids, ours, theirs = self.ours.topics.qids, self.ours.topics.values.tolist(), self.theirs.topics.values.tolist()
        reach = [abs(mine - other) for mine, other in zip(ours, theirs, strict=True)]
        differing = sorted((-size, qids[place], place) for place, size in enumerate(reach) if size > TIE)
        return [
            Topic(qid, ours[place], theirs[place], our_tops.get(qid, ()), their_tops.get(qid, ()))
            for _, qid, place in differing[:count]
        ]


class Neighbours:
    """The tests of a section's adjacent rows, kept for the section that was asked for last."""

    def __init__(self) -> None:
        self._anchor = ""
        self._by_below: dict[str, Pair] = {}

    def of(self, section: Section) -> list[Pair]:
        """Of all of them, best first."""
        return list(self._of(section).values())

    def below(self, section: Section, row: Row) -> Pair:
        """Of a row and the one ranked just above it, which is the pair's first."""
        return self._of(section)[row.page]

    def _of(self, section: Section) -> dict[str, Pair]:
        if section.anchor != self._anchor:
            self._by_below = {pair.theirs.page: pair for pair in neighbours(section)}
            self._anchor = section.anchor
        return self._by_below


def adjacent(section: Section) -> list[tuple[Row, Row]]:
    """Each ranked row with the one ranked just below it, best first, where both have the same topics."""
    ranked = [row for row in section.rows if row.summary and row.topics]
    return [(above, below) for above, below in pairwise(ranked) if comparable(above, below)]


def neighbours(section: Section) -> list[Pair]:
    """The `adjacent` rows with their tests."""
    rows = adjacent(section)
    parts = (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))
    return [pair for part in parts for pair in pairs(part)]


def comparable(ours: Row, theirs: Row) -> bool:
    """Whether two rows have values for the same topics."""
    return ours.topics is not None and theirs.topics is not None and ours.topics.qids == theirs.topics.qids


def pairs(rows: Sequence[tuple[Row, Row]]) -> list[Pair]:
    """The test of each pair; the pairs of the same topics are tested at once."""
    found: dict[int, Pair] = {}
    groups: dict[tuple[str, ...], list[int]] = {}
    for place, (ours, _) in enumerate(rows):
        assert ours.topics is not None
        groups.setdefault(ours.topics.qids, []).append(place)
    for qids, places in groups.items():
        columns = [rows[place][0].topics.values - rows[place][1].topics.values for place in places]  # type: ignore[union-attr]
        tests = against(np.stack(columns, axis=1), np.zeros(len(qids)), correct=False)
        found |= {place: Pair(*rows[place], test) for place, test in zip(places, tests, strict=True)}
    return [found[place] for place in range(len(rows))]


def tops(records: Sequence[QueryRecord], depth: int = TOP) -> Tops:
    """The first documents of each query."""
    return {record.qid: tuple(docid for docid, _ in record.ranking()[:depth]) for record in records}
