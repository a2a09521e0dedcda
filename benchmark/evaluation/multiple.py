"""Many systems on the same topics: corrected comparisons and intervals, for all of them at once.

Every test is a paired randomisation test: if two systems were interchangeable, each topic's difference could as well
have the other sign. One set of sign flips serves all comparisons, so that their dependence is kept, and a comparison's
statistic is the sum of its differences over the root of the sum of their squares, which no flip changes. The correction
for many comparisons is by the distribution of the largest statistic of those that are still open, step by step as in
Holm's procedure (Westfall and Young 1993, Resampling-Based Multiple Testing; Romano and Wolf, "Exact and approximate
stepdown methods for multiple hypothesis testing", JASA 2005). Holm's own p-values could not be had this way: for the
19,900 pairs of 200 systems they would have to lie below 2.5e-6, and n flips show none below 1/n.

All functions are pure and deterministic for a seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.evaluation.statistics import EXACT_UP_TO, TIE

Values = NDArray[np.float64]

SAMPLES = 10_000
WORK = 400_000_000
"""Statistics of pairs that are computed at most; with many systems there are fewer flips, never below `FEWEST`."""
FEWEST = 1_000
BLOCK = 4_000_000
"""Numbers held at a time."""
CACHED = 64_000
"""Numbers that are gone over several times, so that they stay in the processor's cache."""
SLACK = 1e-9
"""Of a statistic: sums of the same numbers in another order count as equal."""


@dataclass(frozen=True)
class Against:
    """One system against a baseline.

    Attributes:
        difference: of the means.
        p_value: two-sided; corrected: the same, corrected for all systems that were compared with this baseline.
        wins, ties, losses: topics above, equal to (within 1e-12) and below the baseline.
        topics: how many were compared.
    """

    difference: float
    p_value: float
    corrected: float
    wins: int
    ties: int
    losses: int
    topics: int


def against(
    values: Values, baseline: Values, *, correct: bool = True, samples: int = SAMPLES, seed: int = 0
) -> list[Against]:
    """Every system against one baseline.

    Args:
        values: shape (topics, systems); baseline: shape (topics,).
        correct: False for comparisons that do not belong together; ``corrected`` is the plain p-value then.
    """
    differences = values - baseline[:, None]
    differences[np.abs(differences) <= TIE] = 0.0
    topics, systems = differences.shape
    if not systems:
        return []
    spread = np.sqrt((differences**2).sum(axis=0))
    spread[spread == 0] = np.inf
    observed = np.abs(differences.sum(axis=0)) / spread
    count = flips_of(systems, samples)
    scaled = differences / spread
    # One row a system, so that what follows runs along memory.
    flipped = np.empty((systems, 2**topics if topics <= EXACT_UP_TO else count))
    start = 0
    for signs in _signs(topics, count, seed):
        part = flipped[:, start : start + len(signs)]
        np.matmul(scaled.T, signs.T, out=part)
        np.abs(part, out=part)
        start += len(signs)
    plain = np.array([_share(flipped[column] >= observed[column] - SLACK, topics) for column in range(systems)])
    corrected = _corrected(flipped, observed, topics) if correct else plain
    wins, losses = (differences > 0).sum(axis=0), (differences < 0).sum(axis=0)
    return [
        Against(
            difference=float(differences[:, column].mean()),
            p_value=float(plain[column]),
            corrected=float(corrected[column]),
            wins=int(wins[column]),
            ties=int(topics - wins[column] - losses[column]),
            losses=int(losses[column]),
            topics=topics,
        )
        for column in range(systems)
    ]


def _corrected(flipped: Values, observed: Values, topics: int) -> Values:
    """P-values by the largest statistic of those that are still open, ``flipped`` of shape (systems, flips)."""
    corrected = np.empty(len(observed))
    largest = np.zeros(flipped.shape[1])
    order = np.argsort(observed, kind="stable")
    # From the smallest statistic up: each is held against the largest of itself and all smaller ones.
    for column in order:
        np.maximum(largest, flipped[column], out=largest)
        corrected[column] = _share(largest >= observed[column] - SLACK, topics)
    # Downwards, no p-value is below that of a larger statistic.
    corrected[order] = np.maximum.accumulate(corrected[order[::-1]])[::-1]
    return corrected


def flips_of(systems: int, samples: int = SAMPLES) -> int:
    """How many random flips `against` makes for so many systems."""
    return min(samples, max(FEWEST, WORK // 40 // max(1, systems)))


def differ(values: Values, *, level: float = 0.05, samples: int = SAMPLES, seed: int = 0) -> NDArray[np.bool_]:
    """Which pairs of systems differ, corrected for all pairs.

    Args:
        values: shape (topics, systems); for means over collections of unequal size, each times its topic's share.
        level: chance that any pair at all is wrongly said to differ.

    Returns:
        Shape (systems, systems), symmetric.
    """
    topics, systems = values.shape
    apart = np.zeros((systems, systems), dtype=np.bool_)
    if systems < 2:
        return apart
    # Each of these has a number for every pair: with thousands of systems no more of them than needed.
    spread = values.T @ values
    squares = np.diag(spread).copy()
    spread *= -2
    spread += squares[:, None]
    spread += squares
    np.sqrt(np.maximum(spread, 0.0, out=spread), out=spread)
    # Rounding leaves something of equal columns, which would count as a difference of a tiny spread.
    spread[spread <= 1e-7 * np.sqrt(squares.max())] = np.inf
    weights = np.reciprocal(spread, dtype=np.float64).astype(np.float32)
    sums = values.sum(axis=0)
    observed = np.subtract.outer(sums, sums)
    np.abs(observed, out=observed)
    observed /= spread
    del spread
    count = min(samples, max(FEWEST, WORK // (systems * (systems - 1) // 2)))
    # One row a system, so that what follows runs along memory.
    flips = np.concatenate([values.T @ signs.T for signs in _signs(topics, count, seed)], axis=1).astype(np.float32)
    largest = _largest(flips, weights)
    while True:
        new = ~apart & (observed > _critical(largest, level) * (1 + 1e-6))
        if not new.any():
            return apart
        apart |= new
        weights[apart] = 0
        _lower(largest, flips, weights, level)


def mean_intervals(
    parts: Sequence[Values], weights: Sequence[float], *, level: float = 0.95, samples: int = SAMPLES, seed: int = 0
) -> Values:
    """Percentile bootstrap intervals of weighted means over collections; topics are drawn within each collection.

    Args:
        parts: one a collection, shape (topics, systems); weights: of each collection's mean, together 1.

    Returns:
        Shape (systems, 2).
    """
    random = np.random.default_rng(seed)
    systems = parts[0].shape[1]
    count = min(samples, max(FEWEST, WORK // max(1, systems * sum(len(part) for part in parts))))
    means = np.zeros((count, systems))
    for part, weight in zip(parts, weights, strict=True):
        topics = len(part)
        even = np.full(topics, 1 / topics)
        for start, rows in _blocks(count, topics):
            drawn = random.multinomial(topics, even, size=rows).astype(np.float64)
            means[start : start + rows] += (weight / topics) * (drawn @ part)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.stack([low, high], axis=1)


def _share(hits: NDArray[np.bool_], topics: int) -> float:
    """A p-value from flips: all of them for few topics, else random ones and the observed order."""
    count = int(np.count_nonzero(hits))
    return count / len(hits) if topics <= EXACT_UP_TO else (1 + count) / (1 + len(hits))


def _signs(topics: int, samples: int, seed: int) -> Iterator[Values]:
    """Blocks of sign flips, shape (flips, topics): all there are for few topics, else ``samples`` random ones."""
    if topics <= EXACT_UP_TO:
        yield _as_signs(np.arange(2**topics)[:, None] >> np.arange(topics) & 1)
        return
    words = -(-topics // 32)
    for start, rows in _blocks(samples, topics):
        bits = _mixed(seed, start * words, rows * words)[:, None] >> np.arange(32, dtype=np.uint32) & 1
        yield _as_signs(bits.reshape(rows, words * 32)[:, :topics])


def _mixed(seed: int, start: int, count: int) -> NDArray[np.uint32]:
    """The numbers ``start``, ``start + 1``, ... with their bits mixed well, as random bits.

    By the last step of MurmurHash3 (Appleby), done twice. Unlike numpy's generators it is short enough for the
    leaderboard's script to do the same (leaderboard/static/compare.js), which so gives the same p-values.
    """
    mixed = np.arange(start, start + count, dtype=np.uint32) + np.uint32((seed + 1) * 0x9E3779B9 & 0xFFFFFFFF)
    for _ in range(2):
        mixed = (mixed ^ mixed >> np.uint32(16)) * np.uint32(0x85EBCA6B)
        mixed = (mixed ^ mixed >> np.uint32(13)) * np.uint32(0xC2B2AE35)
        mixed ^= mixed >> np.uint32(16)
    return mixed


def _as_signs(bits: NDArray[np.integer[Any]]) -> Values:
    return bits.astype(np.float64) * 2 - 1


def _largest(flips: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest statistic of all pairs of systems with a weight, for every flip.

    Args:
        flips: shape (systems, flips); weights: shape (systems, systems), one over the spread of each pair.
    """
    systems, count = flips.shape
    largest = np.zeros(count, dtype=np.float32)
    size = max(1, CACHED // count)
    kept = np.empty((size, count), dtype=np.float32)
    for place in range(systems - 1):
        for start in range(place + 1, systems, size):
            part = slice(start, min(start + size, systems))
            block = np.subtract(flips[part], flips[place], out=kept[: part.stop - start])
            np.abs(block, out=block)
            block *= weights[place, part, None]
            np.maximum(largest, block.max(axis=0), out=largest)
    return largest


def _critical(largest: NDArray[np.float32], level: float) -> float:
    """What only a share of ``level`` of the flips goes above."""
    return float(np.quantile(largest, 1 - level, method="higher"))


def _lower(
    largest: NDArray[np.float32], flips: NDArray[np.float32], weights: NDArray[np.float32], level: float
) -> None:
    """Bring `_largest` up to date where it matters to `_critical`, in place, after pairs were taken away.

    That can only have made it smaller. So flips whose old value lies below the critical one stay below it unseen.
    """
    stale = np.ones(len(largest), dtype=np.bool_)
    while (wrong := np.flatnonzero(stale & (largest >= _critical(largest, level)))).size:
        largest[wrong] = _largest(flips[:, wrong], weights)
        stale[wrong] = False


def _blocks(samples: int, width: int) -> Iterator[tuple[int, int]]:
    """Start and number of rows of blocks of about `BLOCK` numbers."""
    rows = max(1, BLOCK // width)
    yield from ((start, min(rows, samples - start)) for start in range(0, samples, rows))
