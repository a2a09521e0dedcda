"""How sure a number is: intervals, paired tests and percentiles; pure functions, deterministic for a seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

EXACT_UP_TO = 12
"""Differing topics up to which all 2^n sign flips are enumerated."""

TIE = 1e-12
"""Topics whose values differ by no more are tied: rounding in a metric, not a difference in quality."""

BLOCK = 2_000_000
"""Random numbers held at a time."""


@dataclass(frozen=True)
class PairedTest:
    """Two systems on the same topics.

    Attributes:
        difference: mean of ours minus mean of the baseline, in the metric's unit.
        p_value: two-sided, under the hypothesis that the two systems are interchangeable on every topic.
        wins, ties, losses: topics on which ours is above, equal to (within `TIE`) and below the baseline.
        topics: how many were compared.
    """

    difference: float
    p_value: float
    wins: int
    ties: int
    losses: int
    topics: int


def percentile(values: Sequence[float], q: float) -> float:
    """The value below which ``q`` percent (0 to 100) of ``values`` lie, linear between neighbours.

    Raises:
        ValueError: no values, a value that is not finite, or ``q`` out of range.
    """
    return float(np.percentile(_finite(values), q))


def bootstrap_interval(
    values: Sequence[float], *, level: float = 0.95, samples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of ``values``, one value a topic.

    Topics are drawn with replacement ``samples`` times; the ends are quantiles of the means (Efron and
    Tibshirani 1993, An Introduction to the Bootstrap, chapter 13). It speaks of other topics, not of other runs
    on these.

    Raises:
        ValueError: no values, a value that is not finite, ``level`` not between 0 and 1, ``samples`` below 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, not {level}")
    array = _finite(values)
    random = np.random.default_rng(seed)
    drawn = [
        array[random.integers(0, len(array), size=(rows, len(array)))].mean(axis=1)
        for rows in _blocks(samples, len(array))
    ]
    # Rounding can put the mean of equal numbers just beside them.
    means = np.concatenate(drawn).clip(array.min(), array.max())
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_test(
    ours: Mapping[str, float], baseline: Mapping[str, float], *, samples: int = 10_000, seed: int = 0
) -> PairedTest:
    """Fisher's two-sided paired randomisation test on the difference of means.

    If the systems were interchangeable, each topic's difference could as well have the other sign. The p-value is
    the share of sign flips whose mean is at least as far from 0 as the observed one: of all flips up to
    `EXACT_UP_TO` differing topics, else of ``samples`` random ones and the observed one (so it is never 0). See
    Smucker, Allan and Carterette, "A comparison of statistical significance tests for information retrieval
    evaluation", CIKM 2007.

    Args:
        ours, baseline: value by qid.

    Raises:
        ValueError: the two have different topics (all are listed) or none; a value is not finite; ``samples`` is
            below 1.
    """
    if ours.keys() != baseline.keys():
        ours_only = ", ".join(sorted(ours.keys() - baseline.keys())) or "none"
        baseline_only = ", ".join(sorted(baseline.keys() - ours.keys())) or "none"
        raise ValueError(f"topics differ; only in ours: {ours_only}; only in the baseline: {baseline_only}")
    topics = sorted(ours)
    differences = _finite([ours[qid] for qid in topics]) - _finite([baseline[qid] for qid in topics])
    differing = differences[np.abs(differences) > TIE]
    wins = int((differing > 0).sum())
    return PairedTest(
        difference=float(differences.mean()),
        p_value=_flip_p_value(differing, samples, seed),
        wins=wins,
        ties=len(differences) - len(differing),
        losses=len(differing) - wins,
        topics=len(differences),
    )


def _flip_p_value(differing: NDArray[np.float64], samples: int, seed: int) -> float:
    """Share of sign flips with a sum as extreme as the observed one; 1 when no topic differs."""
    count = len(differing)
    # Sums of the same numbers in another order may differ in their last digits and must still count as equal.
    observed = abs(float(differing.sum())) - 1e-10 * float(np.abs(differing).sum())
    if count <= EXACT_UP_TO:
        bits = np.arange(2**count)[:, None] >> np.arange(count) & 1
        return float(np.mean(np.abs((2 * bits - 1) @ differing) >= observed))
    random = np.random.default_rng(seed)
    extreme = sum(
        int((np.abs((2 * random.integers(0, 2, size=(rows, count)) - 1) @ differing) >= observed).sum())
        for rows in _blocks(samples, count)
    )
    return (1 + extreme) / (1 + samples)


def _blocks(samples: int, width: int) -> Iterator[int]:
    """Numbers of rows that add up to ``samples``; a block of rows of ``width`` holds about `BLOCK` numbers."""
    if samples < 1:
        raise ValueError(f"samples must be at least 1, not {samples}")
    rows = max(1, BLOCK // width)
    yield from (min(rows, samples - start) for start in range(0, samples, rows))


def _finite(values: Sequence[float]) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64)
    if not len(array):
        raise ValueError("no values")
    if not np.isfinite(array).all():
        raise ValueError("values must be finite numbers")
    return array
