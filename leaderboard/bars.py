"""Differences by topic as sorted bars, inline SVG. Pure; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from leaderboard import text
from leaderboard.axis import linear_ticks
from leaderboard.svg import printable

WIDTH, HEIGHT = 720.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 8.0, 12.0, 12.0
_GAP_FROM = 4.0
"""Bars this wide or wider have a gap between them."""


def bars(differences: Sequence[float], name: str, title: str) -> str:
    """One ``<svg>``: a bar a topic, above the line where ours is better.

    Args:
        differences: at least one, in the order of drawing; name: prefix of ids, unique in the page; title: what the
            picture says in words.
    """
    reach = max(0.05, *(abs(value) for value in differences))
    height = HEIGHT - _TOP - _BOTTOM
    width = (WIDTH - _LEFT - _RIGHT) / len(differences)

    def y(value: float) -> float:
        return _TOP + (1 - value / reach) * height / 2

    shown = {"viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "role": "img", "class": "bars", "aria-labelledby": f"{name}-title"}
    root = Element("svg", shown)
    SubElement(root, "title", id=f"{name}-title").text = printable(title)
    for tick in linear_ticks(-reach, reach, 5):
        _line(root, y(tick), "axis" if tick == 0 else "grid")
        label = SubElement(root, "text", {"class": "tick end", "x": f"{_LEFT - 7:g}", "y": f"{y(tick) + 4:.1f}"})
        label.text = text.signed(tick).removesuffix("0")
    drawn = width - 1 if width >= _GAP_FROM else width
    for kind, wanted in (("gain", 1), ("loss", -1)):
        path = "".join(
            f"M{_LEFT + place * width:.2f},{y(0):.1f}V{y(value):.1f}h{drawn:.2f}V{y(0):.1f}z"
            for place, value in enumerate(differences)
            if value * wanted > 0
        )
        if path:
            SubElement(root, "path", {"class": f"bar {kind}", "d": path})
    return tostring(root, encoding="unicode")


def _line(parent: Element, y: float, kind: str) -> None:
    ends = {"x1": f"{_LEFT:g}", "x2": f"{WIDTH - _RIGHT:g}", "y1": f"{y:.1f}", "y2": f"{y:.1f}"}
    SubElement(parent, "line", {"class": kind, **ends})
