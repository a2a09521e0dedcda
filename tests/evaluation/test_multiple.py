import numpy as np
import pytest

from benchmark.evaluation.multiple import against, differ, mean_intervals
from benchmark.evaluation.statistics import bootstrap_interval, paired_test


def made_up(topics: int, quality: list[float], spread: float = 0.1, seed: int = 3) -> np.ndarray:
    """Shape (topics, systems): the topics' ease is shared, as it is in reality."""
    random = np.random.default_rng(seed)
    ease = random.uniform(-0.3, 0.3, size=(topics, 1))
    return np.asarray(quality) + ease + random.normal(0, spread, size=(topics, len(quality)))


def test_a_single_comparison_is_the_paired_test() -> None:
    values = made_up(9, [0.5, 0.57])
    (found,) = against(values[:, 1:], values[:, 0])
    named = [dict(zip("abcdefghi", column, strict=True)) for column in values.T]
    alone = paired_test(named[1], named[0])
    assert found.p_value == found.corrected == pytest.approx(alone.p_value)
    assert found.difference == pytest.approx(alone.difference)
    assert (found.wins, found.ties, found.losses, found.topics) == (alone.wins, alone.ties, alone.losses, 9)


def test_with_many_topics_it_agrees_with_the_paired_test_to_the_error_of_sampling() -> None:
    values = made_up(60, [0.5, 0.52, 0.5])
    for column, found in enumerate(against(values[:, 1:], values[:, 0]), 1):
        named = [dict(zip(map(str, range(60)), values[:, place], strict=True)) for place in (column, 0)]
        assert found.p_value == pytest.approx(paired_test(*named).p_value, abs=0.02)


def test_corrected_p_values_lie_between_the_plain_one_and_bonferroni_and_keep_the_order() -> None:
    values = made_up(50, [0.5, 0.53, 0.54, 0.55, 0.5, 0.7])
    found = against(values[:, 1:], values[:, 0])
    for test in found:
        assert test.p_value <= test.corrected <= min(1.0, test.p_value * len(found) + 0.02)
    ordered = sorted(found, key=lambda test: test.p_value)
    assert [test.corrected for test in ordered] == sorted(test.corrected for test in found)
    assert found[-1].corrected < 0.001


def test_comparisons_that_do_not_belong_together_keep_their_plain_p_values() -> None:
    values = made_up(50, [0.5, 0.53, 0.54, 0.55])
    together, alone = (against(values[:, 1:], values[:, 0], correct=correct) for correct in (True, False))
    assert [test.p_value for test in alone] == [test.p_value for test in together]
    assert [test.corrected for test in alone] == [test.p_value for test in alone]
    assert [test.corrected for test in alone] != [test.corrected for test in together]


def test_equal_systems_do_not_differ_whatever_rounding_leaves() -> None:
    values = made_up(40, [0.5, 0.7])
    same = np.column_stack([values[:, 0], values[:, 0] + 1e-13, values[:, 1]])
    apart = differ(same)
    assert not apart[0, 1]
    assert apart[0, 2]
    assert apart[1, 2]
    (test,) = against(same[:, 1:2], same[:, 0])
    assert (test.p_value, test.corrected, test.ties) == (1.0, 1.0, 40)


def test_far_systems_differ_though_there_are_many_pairs() -> None:
    values = made_up(50, [0.3] * 20 + [0.6] * 20)
    apart = differ(values)
    assert apart[:20, 20:].all()
    assert not apart[:20, :20].any()
    assert not apart[20:, 20:].any()
    assert (apart == apart.T).all()


def test_among_equal_systems_a_false_difference_is_as_rare_as_its_level_says() -> None:
    wrong = sum(differ(made_up(30, [0.5] * 8, seed=seed), samples=400).any() for seed in range(100))
    assert wrong <= 11, "5 of 100 are expected; 12 or more have a chance of 0.4%"


def test_steps_find_what_one_step_with_an_outlier_would_still_find() -> None:
    """An awful system must not hide a small, certain difference of two others."""
    values = made_up(50, [0.6, 0.63], spread=0.03)
    alone = differ(values)
    with_outlier = differ(np.column_stack([values, made_up(50, [0.05], spread=0.3)]))
    assert alone[0, 1]
    assert with_outlier[0, 1]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6])
def test_steps_agree_with_a_plain_computation_over_all_pairs_and_flips_in_each_step(seed: int) -> None:
    topics, systems = 12, 12
    values = made_up(topics, np.repeat([0.2, 0.5, 0.585, 0.68], 3).tolist(), seed=seed)
    signs = 1 - 2 * (np.arange(2**topics)[:, None] >> np.arange(topics) & 1)
    first, second = np.triu_indices(systems, 1)
    differences = values[:, first] - values[:, second]
    spread = np.sqrt((differences**2).sum(axis=0))
    flipped = np.abs(signs @ differences) / spread
    observed = np.abs(differences.sum(axis=0)) / spread
    open_pairs = np.ones(len(first), dtype=bool)
    steps = 0
    while True:
        critical = np.quantile(flipped[:, open_pairs].max(axis=1), 0.95, method="higher")
        new = open_pairs & (observed > critical * (1 + 1e-6))
        if not new.any():
            break
        open_pairs &= ~new
        steps += 1
    assert steps > 1, "these seeds were chosen for it"
    assert (differ(values)[first, second] == ~open_pairs).all()


def test_one_system_or_none() -> None:
    assert differ(made_up(10, [0.5])).shape == (1, 1)
    assert against(np.zeros((10, 0)), np.zeros(10)) == []


def test_an_interval_of_one_collection_is_the_bootstrap_of_its_mean() -> None:
    values = made_up(60, [0.5, 0.7])
    found = mean_intervals([values], [1.0])
    for place in range(2):
        assert found[place] == pytest.approx(bootstrap_interval(list(values[:, place])), abs=0.005)


def test_collections_count_alike_whatever_their_size() -> None:
    small, large = made_up(20, [0.2]), made_up(400, [0.8])
    low, high = mean_intervals([small, large], [0.5, 0.5])[0]
    mean = (small.mean() + large.mean()) / 2
    assert low < mean < high
    assert high - low > 0.5 * (lambda pair: pair[1] - pair[0])(bootstrap_interval(list(small[:, 0]))) * 0.9


def test_a_seed_gives_the_same_result_again() -> None:
    values = made_up(50, [0.5, 0.53, 0.56])
    assert against(values[:, 1:], values[:, 0]) == against(values[:, 1:], values[:, 0])
    assert np.array_equal(mean_intervals([values], [1.0]), mean_intervals([values], [1.0]))
