import re
from xml.etree import ElementTree

import pytest

from leaderboard.bars import HEIGHT, WIDTH, bars


def paths(svg: str) -> dict[str, str]:
    root = ElementTree.fromstring(svg)
    return {element.get("class", "").split()[-1]: element.get("d", "") for element in root if element.tag == "path"}


def test_a_bar_a_topic_up_for_better_and_down_for_worse() -> None:
    drawn = paths(bars([0.4, 0.1, 0.0, -0.2], "b", "t"))
    assert drawn["gain"].count("M") == 2
    assert drawn["loss"].count("M") == 1
    zero = re.match(r"M[\d.]+,([\d.]+)V([\d.]+)", drawn["gain"])
    down = re.match(r"M[\d.]+,([\d.]+)V([\d.]+)", drawn["loss"])
    assert zero is not None
    assert down is not None
    assert float(zero[2]) < float(zero[1]) == float(down[1]) < float(down[2])


@pytest.mark.parametrize("topics", [1, 35, 7000])
def test_all_bars_are_inside(topics: int) -> None:
    svg = bars([1 - 2 * place / topics for place in range(topics)], "b", "t")
    xs = [float(x) for x in re.findall(r"M([\d.]+),", svg)]
    ys = [float(y) for y in re.findall(r"V([\d.]+)", svg)]
    assert 0 < min(xs) <= max(xs) < WIDTH
    assert 0 < min(ys) <= max(ys) < HEIGHT
    assert len(svg) < 2000 + 40 * topics


def test_equal_runs_have_no_bar_and_a_name_is_text() -> None:
    svg = bars([0.0, 0.0], "b", "<script>\x00")
    assert paths(svg) == {}
    assert "<script" not in svg
