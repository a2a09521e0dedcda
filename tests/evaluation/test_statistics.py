"""Intervals, paired tests and percentiles against theory, scipy and small cases counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from benchmark.evaluation import statistics
from benchmark.evaluation.statistics import PairedTest, bootstrap_interval, paired_test, percentile

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def by_topic(values: list[float]) -> dict[str, float]:
    return {f"q{number}": value for number, value in enumerate(values)}


def test_percentile_is_linear_between_neighbours() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 50) == 2.5
    assert percentile([1.0, 2.0, 3.0, 4.0], 90) == pytest.approx(3.7)
    assert percentile([7.0], 90) == 7.0
    assert (percentile([1.0, 2.0], 0), percentile([1.0, 2.0], 100)) == (1.0, 2.0)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [math.inf]])
def test_values_must_be_there_and_finite(values: list[float]) -> None:
    with pytest.raises(ValueError, match="values"):
        percentile(values, 50)
    with pytest.raises(ValueError, match="values"):
        bootstrap_interval(values)
    with pytest.raises(ValueError, match="values"):
        paired_test(by_topic(values), by_topic(values))


def test_arguments_out_of_range() -> None:
    with pytest.raises(ValueError, match="ercentile"):
        percentile([1.0], 101)
    with pytest.raises(ValueError, match="level"):
        bootstrap_interval([1.0], level=95)
    with pytest.raises(ValueError, match="samples"):
        bootstrap_interval([1.0], samples=0)
    many = by_topic([float(number) for number in range(20)])
    with pytest.raises(ValueError, match="samples"):
        paired_test(many, dict.fromkeys(many, 0.5), samples=0)


@settings(deadline=None, max_examples=60)
@given(values=SCORES, seed=st.integers(0, 5))
def test_interval_lies_within_the_values_and_is_repeatable(values: list[float], seed: int) -> None:
    low, high = bootstrap_interval(values, samples=200, seed=seed)
    assert min(values) <= low <= high <= max(values)
    assert (low, high) == bootstrap_interval(values, samples=200, seed=seed)


def test_interval_of_equal_values_is_a_point() -> None:
    assert bootstrap_interval([0.1] * 300, samples=100) == (0.1, 0.1)


def test_interval_is_near_the_normal_one_for_many_topics() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.2, size=400)
    half = 1.96 * values.std() / math.sqrt(400)
    low, high = bootstrap_interval(list(values))
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)
    narrow = bootstrap_interval(list(values), level=0.5)
    assert low < narrow[0] < narrow[1] < high


def test_interval_covers_the_true_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    intervals = [bootstrap_interval(list(random.uniform(size=40)), samples=500, seed=seed) for seed in range(300)]
    covered = np.mean([low <= 0.5 <= high for low, high in intervals])
    assert 0.90 <= covered <= 0.98


def test_blocks_do_not_change_results(monkeypatch: pytest.MonkeyPatch) -> None:
    values = list(np.random.default_rng(4).uniform(size=30))
    baseline = by_topic([value**2 for value in values])
    whole = bootstrap_interval(values), paired_test(by_topic(values), baseline)
    monkeypatch.setattr(statistics, "BLOCK", 1000)
    assert (bootstrap_interval(values), paired_test(by_topic(values), baseline)) == whole


def test_paired_test_counted_by_hand() -> None:
    # Of the 8 sign flips of (1, 1, 1) / 10, two have a sum as far from 0 as 0.3.
    ours = {"a": 0.3, "b": 0.4, "c": 0.5, "tied": 0.7}
    baseline = {"tied": 0.7, "c": 0.4, "b": 0.3, "a": 0.2}
    test = paired_test(ours, baseline)
    assert test == PairedTest(pytest.approx(0.075), 0.25, wins=3, ties=1, losses=0, topics=4)  # type: ignore[arg-type]


def test_no_difference_is_no_evidence() -> None:
    same = by_topic([0.1, 0.5, 0.9])
    assert paired_test(same, same) == PairedTest(0.0, 1.0, wins=0, ties=3, losses=0, topics=3)
    swapped = paired_test({"a": 0.1, "b": 0.7}, {"a": 0.7, "b": 0.1})
    assert (swapped.p_value, swapped.wins, swapped.losses) == (1.0, 1, 1)
    # In fifths the sum of these differences is -6e-17, not 0: still not a difference.
    fifths = paired_test(by_topic([0.0, 0.0, 0.2, 0.4]), by_topic([0.2, 0.4, 0.0, 0.0]))
    assert fifths.p_value == 1.0


def test_rounding_is_a_tie() -> None:
    assert paired_test({"a": 0.1 + 0.2}, {"a": 0.3}).ties == 1


def reference_p_value(ours: list[float], baseline: list[float]) -> float:
    """scipy's exact permutation test over all sign flips."""
    result = permutation_test(
        (np.array(ours), np.array(baseline)),
        lambda x, y, axis: (x - y).sum(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    return float(result.pvalue)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=10))
def test_exact_p_value_equals_scipys(pairs: list[tuple[int, int]]) -> None:
    # Quarters add up without rounding, for which scipy's doubled one-sided count has no tolerance around 0.
    ours, baseline = [one / 4 for one, _ in pairs], [other / 4 for _, other in pairs]
    test = paired_test(by_topic(ours), by_topic(baseline))
    assert test.p_value == pytest.approx(reference_p_value(ours, baseline), abs=1e-9)
    assert test.wins + test.ties + test.losses == test.topics == len(pairs)
    mirrored = paired_test(by_topic(baseline), by_topic(ours))
    assert (mirrored.p_value, mirrored.wins, mirrored.losses) == (test.p_value, test.losses, test.wins)
    assert mirrored.difference == pytest.approx(-test.difference)


def test_sampled_p_value_is_near_the_exact_one() -> None:
    random = np.random.default_rng(5)
    ours, baseline = list(random.uniform(0.1, 1, size=15)), list(random.uniform(size=15))
    exact = reference_p_value(ours, baseline)
    sampled = paired_test(by_topic(ours), by_topic(baseline))
    # Four standard errors of a share estimated from 10,000 flips.
    assert sampled.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 10_000))
    assert sampled == paired_test(by_topic(ours), by_topic(baseline))
    assert sampled.p_value != paired_test(by_topic(ours), by_topic(baseline), seed=1).p_value


def test_sampled_p_value_is_never_zero() -> None:
    better = by_topic([0.9] * 100)
    assert paired_test(better, dict.fromkeys(better, 0.1), samples=999).p_value == 1 / 1000


def test_false_alarms_are_as_rare_as_promised() -> None:
    random = np.random.default_rng(6)
    p_values = [
        paired_test(by_topic(list(random.uniform(size=10))), by_topic(list(random.uniform(size=10)))).p_value
        for _ in range(400)
    ]
    assert 0.02 <= np.mean([p_value <= 0.05 for p_value in p_values]) <= 0.08


def test_different_topics_are_listed() -> None:
    with pytest.raises(ValueError, match="only in ours: q1, q2; only in the baseline: q9"):
        paired_test({"q2": 1.0, "q1": 1.0, "both": 1.0}, {"both": 1.0, "q9": 0.0})
