"""Lines with their intervals as a picture of their own (SVG). Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import SubElement, tostring

from leaderboard.axis import linear_ticks, padded
from leaderboard.svg import line, picture, tip, words

_WIDTH, _HEIGHT = 760, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 24, 34, 52
_LEAST_GAP = 24
"""Between the numbers of a logarithmic axis."""

_COLOURS = (("#1f5fbf", "#7fb0ff"), ("#c2570c", "#ffab66"), ("#0f7b5f", "#5fd3b0"), ("#8a3f96", "#dd9be6"))
"""By line, on a light and on a dark page; they differ in lightness and in hue, and each line has its dashes too."""
_DASHES = ("", "9 4", "3 3", "9 3 3 3")

_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.grid{stroke:#ddd}.line{fill:none;stroke-width:2}"
    ".band{opacity:.16}.base{stroke:#555;stroke-dasharray:6 4}"
    + "".join(f".s{at} .line{{stroke:{c[0]}}}.s{at} .fill{{fill:{c[0]}}}" for at, c in enumerate(_COLOURS))
    + "@media screen and (prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.base{stroke:#bbb}"
    + "".join(f".s{at} .line{{stroke:{c[1]}}}.s{at} .fill{{fill:{c[1]}}}" for at, c in enumerate(_COLOURS))
    + "}"
)


@dataclass(frozen=True)
class Dot:
    """One point: a whole number to the right, a value with its interval upwards."""

    x: int
    y: float
    interval: tuple[float, float]


def curve(dots: Sequence[Dot], title: str, x_title: str, y_title: str, baseline: tuple[str, float] | None) -> str:
    """One line; see `curves`."""
    return curves({"": dots}, title, x_title, y_title, baseline)


def curves(
    lines: Mapping[str, Sequence[Dot]],
    title: str,
    x_title: str,
    y_title: str,
    baseline: tuple[str, float] | None,
    *,
    logarithmic: bool = False,
) -> str:
    """The picture as a standalone SVG file.

    Args:
        lines: up to four by name, each with at least one dot, by rising ``x``; no legend for the name "".
        baseline: name and height of a horizontal line, if any.
        logarithmic: the horizontal axis, which then bears the numbers of the dots.
    """
    dots = [dot for several in lines.values() for dot in several]
    bounds = [bound for dot in dots for bound in (*dot.interval, dot.y)] + ([baseline[1]] if baseline else [])
    low, high = padded(bounds, 0.06, 0.01)
    first = min(dot.x for dot in dots)
    last = max(*(dot.x for dot in dots), first + 1)
    scale = math.log if logarithmic else float

    def x(value: float) -> float:
        share = (scale(value) - scale(first)) / (scale(last) - scale(first))
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 2)

    def y(value: float) -> float:
        return round(_HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), 2)

    svg = picture(_WIDTH, _HEIGHT, title, _STYLE)
    for tick in linear_ticks(low, high):
        line(svg, _LEFT, y(tick), _WIDTH - _RIGHT, y(tick), "grid")
        words(svg, _LEFT - 8, y(tick) + 4, f"{tick:g}", "end")
    right = math.inf
    for tick in sorted({dot.x for dot in dots} if logarithmic else linear_ticks(first, last, 12), reverse=True):
        if tick == int(tick) and (not logarithmic or right - x(tick) >= _LEAST_GAP):
            words(svg, x(tick), _HEIGHT - _BOTTOM + 20, f"{tick:g}", "middle")
            right = x(tick)
    # Under all lines, so that no interval hides another line.
    for number, several in enumerate(lines.values()):
        above = [f"{x(dot.x)},{y(dot.interval[1])}" for dot in several]
        below = [f"{x(dot.x)},{y(dot.interval[0])}" for dot in reversed(several)]
        group = SubElement(svg, "g", {"class": _series(number)})
        SubElement(group, "polygon", {"class": "band fill", "points": " ".join(above + below)})
    for number, (name, several) in enumerate(lines.items()):
        group = SubElement(svg, "g", {"class": _series(number)})
        drawn = {"class": "line", "stroke-dasharray": _DASHES[number % len(_DASHES)] or "none"}
        SubElement(group, "polyline", {**drawn, "points": " ".join(f"{x(dot.x)},{y(dot.y)}" for dot in several)})
        for dot in several:
            mark = SubElement(group, "circle", {"class": "fill", "cx": f"{x(dot.x)}", "cy": f"{y(dot.y)}", "r": "3"})
            at = f"{name}, {x_title} {dot.x}" if name else f"{x_title} {dot.x}"
            tip(mark, f"{at}: {dot.y:.3f} [{dot.interval[0]:.3f}, {dot.interval[1]:.3f}]")
        if name:
            height = _HEIGHT - _BOTTOM - 14 - 20 * (len(lines) - 1 - number)
            ends = {"x1": f"{_WIDTH - 190}", "x2": f"{_WIDTH - 152}", "y1": f"{height}", "y2": f"{height}"}
            SubElement(group, "line", {**drawn, **ends})
            words(group, _WIDTH - 144, height + 4, name, "start")
    if baseline:
        line(svg, _LEFT, y(baseline[1]), _WIDTH - _RIGHT, y(baseline[1]), "base")
        words(svg, _WIDTH - _RIGHT - 4, y(baseline[1]) - 5, baseline[0], "end")
    words(svg, _LEFT, 18, f"{title}: {y_title}", "start")
    words(svg, (_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, x_title, "middle")
    return tostring(svg, encoding="unicode") + "\n"


def _series(number: int) -> str:
    return f"s{number % len(_COLOURS)}"
