"""The heat map and the curve of several lines."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from leaderboard.curve import Dot, curves
from leaderboard.heatmap import SCALE, colour, heatmap

VALUES = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.9]]


def of_class(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in svg.iter() if element.get("class") == name]


def test_one_square_a_head_at_its_place() -> None:
    svg = ElementTree.fromstring(heatmap(VALUES, "a <b> & \x00", "nDCG@10", {(1, 2)}))
    cells = of_class(svg, "cell")
    assert [cell[0].text for cell in cells][0::5] == ["layer 0, head 0: 0.1", "layer 1, head 2: 0.9 (chosen)"]
    assert (cells[0].get("fill"), cells[5].get("fill")) == (colour(0), colour(1))
    assert float(cells[3].attrib["x"]) > float(cells[2].attrib["x"])
    assert float(cells[2].attrib["y"]) > float(cells[1].attrib["y"])
    assert len(of_class(svg, "ring")) == 1
    assert svg[0].text == "a <b> & \N{REPLACEMENT CHARACTER}: nDCG@10"


def test_equal_values_are_drawn_alike() -> None:
    svg = ElementTree.fromstring(heatmap([[0.5, 0.5]], "t", "m"))
    assert {cell.get("fill") for cell in of_class(svg, "cell")} == {colour(0)}


@pytest.mark.parametrize(("values", "marked"), [([[float("nan")]], set()), ([[1.0]], {(1, 0)})])
def test_what_cannot_be_drawn(values: list[list[float]], marked: set[tuple[int, int]]) -> None:
    with pytest.raises(ValueError, match=r"heat map needs|not among"):
        heatmap(values, "t", "m", marked)


def test_colours_darken_from_low_to_high() -> None:
    light = [sum(int(colour(step / 40)[at : at + 2], 16) for at in (1, 3, 5)) for step in range(41)]
    assert light == sorted(light, reverse=True)
    assert colour(1) == "#{:02x}{:02x}{:02x}".format(*SCALE[-1])


def test_lines_on_a_logarithmic_axis() -> None:
    dots = [Dot(count, 0.5 + count / 1000, (0.4, 0.8)) for count in (1, 2, 4, 64, 66)]
    svg = ElementTree.fromstring(curves({"<A>": dots, "B": dots[:3]}, "t", "heads", "y", None, logarithmic=True))
    lines = [element for element in svg.iter() if element.tag.endswith("polyline")]
    across = [float(point.split(",")[0]) for point in lines[0].attrib["points"].split()]
    assert across[2] - across[1] == pytest.approx(across[1] - across[0], abs=0.02)
    numbers = [element.text for element in svg.iter() if element.tag.endswith("text")]
    assert "66" in numbers
    assert "64" not in numbers, "it would lie on the last number"
    assert {"<A>", "B"} <= set(numbers)
    assert lines[0].get("stroke-dasharray") != lines[1].get("stroke-dasharray")
