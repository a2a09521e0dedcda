import itertools
import math
import random
from xml.etree import ElementTree

import pytest

from leaderboard.axis import linear_ticks, log_ticks, padded
from leaderboard.cost_axes import AXES
from leaderboard.plot import CROWD, Point, legend_marker, scatter, scene

HOSTILE = "<script>alert('x')</script> & \x00 ]]>"


def points(number: int, seed: int = 1) -> list[Point]:
    chance = random.Random(seed)
    out = []
    for place in range(number):
        quality = chance.uniform(0.4, 0.8)
        seconds = 10 ** chance.uniform(-1, 1)
        out.append(
            Point(
                f"method-{place} · preset", f"#{place}", seconds, quality, (quality - 0.06, quality + 0.05), place % 5
            )
        )
    return out


LATENCY, TOKENS = AXES[0], AXES[3]


def draw(shown: list[Point], baseline: tuple[str, float] | None = ("first-stage", 0.6)) -> ElementTree.Element:
    svg = scatter(
        shown, baseline, axis=LATENCY, width=880, height=430, name="p", title="What it shows", metric="nDCG@10"
    )
    return ElementTree.fromstring(svg)


def classed(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def test_it_is_one_named_and_described_image() -> None:
    root = draw(points(3))
    assert root.tag == "svg"
    assert root.get("role") == "img"
    names = {element.get("id"): element.text or "" for element in root if element.tag in {"title", "desc"}}
    assert set((root.get("aria-labelledby") or "").split()) == set(names)
    assert names["p-title"] == "What it shows"
    assert "3 runs, cheapest first." in names["p-desc"]
    assert "Dashed line: first-stage, nDCG@10 0.600." in names["p-desc"]


def test_every_point_has_a_marker_an_error_bar_and_its_values_in_words() -> None:
    shown = points(6)
    root = draw(shown)
    assert len(classed(root, "point")) == len(classed(root, "error")) == 6
    titles = [group.findtext("title") or "" for group in classed(root, "run")]
    for point in shown:
        assert any(title.startswith(f"{point.label}: nDCG@10 {point.quality:.3f} [") for title in titles)


def test_ticks_carry_units_and_axes_carry_titles() -> None:
    root = draw(points(6))
    ticks = [element.text or "" for element in classed(root, "tick")]
    assert any(tick.endswith(" ms") for tick in ticks)
    assert any(tick.endswith(" s") for tick in ticks)
    titles = [element.text for element in classed(root, "axis-title")]
    assert titles == ["median latency a query (logarithmic)", "nDCG@10, with 95% interval"]


def test_other_costs_have_their_units() -> None:
    svg = scatter(points(6), None, axis=TOKENS, width=880, height=430, name="p", title="t", metric="nDCG@10")
    root = ElementTree.fromstring(svg)
    assert classed(root, "axis-title")[0].text == "tokens read and written a query (logarithmic)"
    assert not [tick.text for tick in classed(root, "tick") if (tick.text or "").endswith("s")]


def test_the_front_is_drawn_and_named() -> None:
    shown = [
        Point(name, "#", cost, quality, (quality, quality), 0)
        for name, cost, quality in [("cheap", 1.0, 0.5), ("beaten", 2.0, 0.4), ("best", 3.0, 0.7)]
    ]
    root = draw(shown)
    assert [(group.findtext("title") or "").split(":")[0] for group in classed(root, "front")] == ["cheap", "best"]
    assert len(classed(root, "front-line")) == 1
    assert "for less: cheap, best." in (root.findtext("desc") or "")


def test_the_baseline_is_a_dashed_line_at_its_quality() -> None:
    (line,) = classed(draw(points(4)), "baseline-line")
    laid_out = scene(points(4), ("first-stage", 0.6), 880, 430)
    assert line.get("y1") == line.get("y2")
    assert float(line.get("y1") or 0) == pytest.approx(laid_out.y(0.6), abs=0.06)
    assert not classed(draw(points(4), None), "baseline-line")


def test_latency_is_logarithmic_and_quality_points_up() -> None:
    laid_out = scene(points(8), None, 880, 430)
    assert laid_out.x(1.0) - laid_out.x(0.1) == pytest.approx(laid_out.x(10.0) - laid_out.x(1.0))
    assert laid_out.y(0.7) < laid_out.y(0.6)


@pytest.mark.parametrize("size", [(880, 430), (343, 400)])
@pytest.mark.parametrize("number", [1, 2, 12, 60])
@pytest.mark.parametrize("seed", range(5))
def test_labels_stay_inside_and_cover_neither_each_other_nor_a_marker(
    size: tuple[float, float], number: int, seed: int
) -> None:
    laid_out = scene(points(number, seed), ("first-stage", 0.6), *size)
    boxes = [label.box for label in laid_out.labels if label]
    assert all(box.inside(laid_out.area) for box in boxes)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))
    for point in laid_out.points:
        x, y = laid_out.x(point.cost), laid_out.y(point.quality)
        assert not any(box.left < x < box.right and box.top < y < box.bottom for box in boxes)


def test_a_few_points_all_have_their_long_label() -> None:
    laid_out = scene(points(8), ("first-stage", 0.6), 880, 430)
    assert [label.text if label else None for label in laid_out.labels] == [p.label for p in laid_out.points]


def test_in_a_crowd_only_the_front_has_names_and_error_bars() -> None:
    shown = points(CROWD + 1)
    laid_out = scene(shown, ("first-stage", 0.6), 880, 430)
    named = {point.label for point, label in zip(laid_out.points, laid_out.labels, strict=True) if label}
    front = {point.label for point, on_it in zip(laid_out.points, laid_out.front, strict=True) if on_it}
    assert named
    assert named <= front
    root = draw(shown)
    assert len(classed(root, "point")) == CROWD + 1
    assert len(classed(root, "error")) == len(front)
    told = (root.findtext("desc") or "").split("On the Pareto front")[0]
    assert {name for name in (point.label for point in shown) if f"{name}:" in told} == front


def test_hostile_names_stay_text() -> None:
    point = Point(HOSTILE, "#1", 1.0, 0.5, (0.4, 0.6), 0)
    svg = scatter(
        [point], (HOSTILE, 0.5), axis=LATENCY, width=880, height=430, name="p", title=HOSTILE, metric="nDCG@10"
    )
    assert "<script" not in svg
    assert "script" not in {element.tag for element in ElementTree.fromstring(svg).iter()}


def test_no_inline_style_is_used() -> None:
    svg = scatter(points(9), ("b", 0.5), axis=LATENCY, width=880, height=430, name="p", title="t", metric="m")
    assert "style=" not in svg
    assert "style=" not in legend_marker(3)
    ElementTree.fromstring(legend_marker(99))


def test_points_that_are_all_equal_can_be_drawn() -> None:
    same = [Point("a", "#1", 1.0, 0.5, (0.5, 0.5), 0), Point("b", "#1", 1.0, 0.5, (0.5, 0.5), 1)]
    assert len(classed(draw(same, ("first-stage", 0.5)), "point")) == 2


@pytest.mark.parametrize("seed", range(30))
def test_ticks_are_inside_few_and_never_fewer_than_two(seed: int) -> None:
    chance = random.Random(seed)
    low = chance.uniform(-5, 4)
    exponents = padded([low, low + chance.uniform(0, 6)], 0.12, 0.8)
    start, end = 10 ** exponents[0], 10 ** exponents[1]
    for ticks in (log_ticks(start, end), linear_ticks(*exponents)):
        assert 2 <= len(ticks) <= 6
        assert ticks == sorted(set(ticks))
    assert all(start <= tick <= end for tick in log_ticks(start, end))


def test_linear_ticks_are_round() -> None:
    assert linear_ticks(0.512, 0.791) == [0.55, 0.6, 0.65, 0.7, 0.75]
    assert log_ticks(0.08, 12) == [0.1, 0.3, 1, 3, 10]


@pytest.mark.parametrize("bounds", [(1.0, 1.0), (2.0, 1.0), (math.nan, 1.0)])
def test_axes_need_a_range(bounds: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="an axis needs"):
        linear_ticks(*bounds)
    with pytest.raises(ValueError, match="axis needs"):
        log_ticks(*bounds)
