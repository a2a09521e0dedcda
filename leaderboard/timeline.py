"""A small drawing of a value over time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from leaderboard.svg import line, tip, words

WIDTH, HEIGHT, EDGE, FOOT = 320.0, 96.0, 44.0, 20.0


def draw(points: Sequence[tuple[date, float]], title: str, pattern: str) -> str:
    """SVG of at least two points, oldest first; days are spaced as in the calendar, unless all are the same.

    Args:
        pattern: how a value is written, for ``str.format``.
    """
    svg = Element("svg", {"class": "timeline", "viewBox": f"0 0 {WIDTH:g} {HEIGHT:g}", "role": "img"})
    svg.set("aria-label", f"{title}: {pattern.format(points[0][1])} first, {pattern.format(points[-1][1])} now")
    values = [value for _, value in points]
    low, high = min(values), max(values)
    top, bottom = 10.0, HEIGHT - FOOT
    for value, y in ((high, top), (low, bottom)) if high > low else ((high, (top + bottom) / 2),):
        line(svg, EDGE, y, WIDTH - 6, y, "grid")
        words(svg, EDGE - 5, y + 4, pattern.format(value), "end")
    places = [(_across(points, place), _up(value, low, high, top, bottom)) for place, (_, value) in enumerate(points)]
    SubElement(svg, "polyline", {"class": "course", "points": " ".join(f"{x:.1f},{y:.1f}" for x, y in places)})
    for (x, y), (day, value) in zip(places, points, strict=True):
        dot = SubElement(svg, "circle", {"class": "dot", "cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "3.5"})
        tip(dot, f"{day.isoformat()}: {pattern.format(value)}")
    words(svg, EDGE, HEIGHT - 4, points[0][0].isoformat(), "start")
    words(svg, WIDTH - 6, HEIGHT - 4, points[-1][0].isoformat(), "end")
    return tostring(svg, encoding="unicode")


def _across(points: Sequence[tuple[date, float]], place: int) -> float:
    first, last = points[0][0].toordinal(), points[-1][0].toordinal()
    share = (points[place][0].toordinal() - first) / (last - first) if last > first else place / (len(points) - 1)
    return EDGE + 6 + share * (WIDTH - EDGE - 18)


def _up(value: float, low: float, high: float, top: float, bottom: float) -> float:
    return bottom - (value - low) / (high - low) * (bottom - top) if high > low else (top + bottom) / 2
