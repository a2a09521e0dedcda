"""A line with its interval as a picture of its own (SVG). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from leaderboard.axis import linear_ticks, padded

_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 16, 34, 52

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke:#1f5fbf;stroke-width:2}"
    ".band{fill:#1f5fbf;opacity:.16}.base{stroke:#555;stroke-dasharray:6 4}.dot{fill:#1f5fbf}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.line{stroke:#7fb0ff}"
    ".band,.dot{fill:#7fb0ff}.base{stroke:#bbb}}"
)


@dataclass(frozen=True)
class Dot:
    """One point: a whole number to the right, a value with its interval upwards."""

    x: int
    y: float
    interval: tuple[float, float]


def curve(dots: Sequence[Dot], title: str, x_title: str, y_title: str, baseline: tuple[str, float] | None) -> str:
    """The picture as a standalone SVG file.

    Args:
        dots: at least one, by rising ``x``.
        baseline: name and height of a horizontal line, if any.
    """
    bounds = [bound for dot in dots for bound in (*dot.interval, dot.y)] + ([baseline[1]] if baseline else [])
    low, high = padded(bounds, 0.06, 0.01)
    first, last = dots[0].x, max(dots[-1].x, dots[0].x + 1)

    def x(value: float) -> float:
        return round(_LEFT + (value - first) / (last - first) * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), 2)

    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img")
    SubElement(svg, "title").text = title
    SubElement(svg, "style").text = _STYLE
    for tick in linear_ticks(low, high):
        _line(svg, _LEFT, y(tick), _WIDTH - _RIGHT, y(tick), "grid")
        _text(svg, _LEFT - 8, y(tick) + 4, f"{tick:g}", "end")
    for tick in linear_ticks(first, last, 12):
        if tick == int(tick):
            _text(svg, x(tick), _HEIGHT - _BOTTOM + 20, f"{tick:g}", "middle")
    above = [f"{x(dot.x)},{y(dot.interval[1])}" for dot in dots]
    below = [f"{x(dot.x)},{y(dot.interval[0])}" for dot in reversed(dots)]
    SubElement(svg, "polygon", {"class": "band", "points": " ".join(above + below)})
    SubElement(svg, "polyline", {"class": "line", "points": " ".join(f"{x(dot.x)},{y(dot.y)}" for dot in dots)})
    for dot in dots:
        mark = SubElement(svg, "circle", {"class": "dot", "cx": f"{x(dot.x)}", "cy": f"{y(dot.y)}", "r": "3"})
        SubElement(
            mark, "title"
        ).text = f"{x_title} {dot.x}: {dot.y:.3f} [{dot.interval[0]:.3f}, {dot.interval[1]:.3f}]"
    if baseline:
        _line(svg, _LEFT, y(baseline[1]), _WIDTH - _RIGHT, y(baseline[1]), "base")
        _text(svg, _WIDTH - _RIGHT - 4, y(baseline[1]) - 5, baseline[0], "end")
    _text(svg, _LEFT, 18, f"{title}: {y_title}", "start")
    _text(svg, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, x_title, "middle")
    return tostring(svg, encoding="unicode") + "\n"


def _line(svg: Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
    SubElement(svg, "line", {"class": kind, "x1": f"{x1}", "y1": f"{y1}", "x2": f"{x2}", "y2": f"{y2}"})


def _text(svg: Element, x: float, y: float, words: str, anchor: str) -> None:
    SubElement(svg, "text", {"x": f"{x}", "y": f"{y}", "text-anchor": anchor}).text = words
