import random

from leaderboard.pareto import front


def test_the_front_is_what_no_other_point_beats() -> None:
    points = [(1.0, 0.5), (2.0, 0.4), (2.0, 0.6), (3.0, 0.6), (4.0, 0.9)]
    assert front(points) == [True, False, True, False, True]


def test_equal_points_are_on_it_together() -> None:
    assert front([(1.0, 0.5), (1.0, 0.5), (2.0, 0.5), (1.0, 0.5)]) == [True, True, False, True]
    assert front([]) == []


def test_it_agrees_with_the_definition_on_random_points() -> None:
    chance = random.Random(4)
    points = [(chance.randrange(8) + 1.0, chance.randrange(8) / 8) for _ in range(200)]

    def beaten(cost: float, quality: float) -> bool:
        return any(c <= cost and q >= quality and (c, q) != (cost, quality) for c, q in points)

    assert front(points) == [not beaten(*point) for point in points]
