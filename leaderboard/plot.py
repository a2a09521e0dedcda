"""Quality against a cost as inline SVG. Pure: points in, text out; colours come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from leaderboard import labels, pareto, text
from leaderboard.axis import linear_ticks, log_ticks, padded
from leaderboard.cost_axes import Axis
from leaderboard.labels import Anchor, Box, Label
from leaderboard.svg import printable

CROWD = 60
"""With more points than this, names and error bars of all of them would cover one another."""

_RADIUS = 5.5
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 14.0, 26.0, 50.0
"""Room around the plotting area, for ticks and axis titles."""

_SHAPES = (
    "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0z",
    "M-4.6,-4.6h9.2v9.2h-9.2z",
    "M0,-6.2L6.2,0L0,6.2L-6.2,0z",
    "M0,-6L5.8,4.4H-5.8z",
    "M0,6L5.8,-4.4H-5.8z",
    "M-2,-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
)
"""Markers by series, so that colour is not the only difference."""


@dataclass(frozen=True)
class Point:
    """One run: its cost > 0, quality with its 95% interval, the series it is drawn as, and two names for it."""

    label: str
    short: str
    cost: float
    quality: float
    interval: tuple[float, float]
    series: int


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn, in drawing units: what a test can measure.

    Attributes:
        area: inside of the axes; points: by rising cost; labels: one a point, None where there was no room.
        front: whether each point is on the Pareto front.
    """

    width: float
    height: float
    area: Box
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    points: tuple[Point, ...]
    labels: tuple[Label | None, ...]
    baseline: tuple[str, float] | None
    front: tuple[bool, ...]

    def x(self, cost: float) -> float:
        """Horizontal place of a cost."""
        low, high = (math.log10(bound) for bound in self.x_range)
        return self.area.left + (math.log10(cost) - low) / (high - low) * (self.area.right - self.area.left)

    def y(self, quality: float) -> float:
        """Vertical place of a quality."""
        low, high = self.y_range
        return self.area.bottom - (quality - low) / (high - low) * (self.area.bottom - self.area.top)

    @property
    def named(self) -> tuple[bool, ...]:
        """Which points have a name and an error bar: in a crowd only those on the front."""
        return self.front if len(self.points) > CROWD else (True,) * len(self.points)

    @property
    def baseline_box(self) -> Box | None:
        """Where the baseline's name stands: above the line at the right, or below it at the top of the plot."""
        if self.baseline is None:
            return None
        name, quality = self.baseline
        line = self.y(quality)
        top = line - labels.LINE_HEIGHT - 1 if line - labels.LINE_HEIGHT > self.area.top + 1 else line + 1
        return Box(self.area.right - labels.width(name) - 4, top, self.area.right - 4, top + labels.LINE_HEIGHT)


def scene(points: Sequence[Point], baseline: tuple[str, float] | None, width: float, height: float) -> Scene:
    """Lay out a plot.

    Args:
        points: one or more; baseline: name and quality of the horizontal line, if any.
        width, height: of the whole drawing.
    """
    if not points:
        raise ValueError("a plot needs a point")
    qualities = [value for point in points for value in (point.quality, *point.interval)]
    qualities += [baseline[1]] if baseline else []
    low, high = padded([math.log10(point.cost) for point in points], 0.12, 0.8)
    ordered = tuple(sorted(points, key=lambda point: (point.cost, point.quality, point.label)))
    bare = Scene(
        width,
        height,
        Box(_LEFT, _TOP, width - _RIGHT, height - _BOTTOM),
        (10**low, 10**high),
        padded(qualities, 0.06, 0.1),
        ordered,
        (),
        baseline,
        tuple(pareto.front([(point.cost, point.quality) for point in ordered])),
    )
    anchors = [
        Anchor(bare.x(point.cost), bare.y(point.quality), _RADIUS, (point.label, point.short)) for point in bare.points
    ]
    bars = [
        Box(anchor.x - 1, bare.y(point.interval[1]), anchor.x + 1, bare.y(point.interval[0]))
        for anchor, point, drawn in zip(anchors, bare.points, bare.named, strict=True)
        if drawn
    ]
    lines = [] if baseline is None else [_line_box(bare, baseline[1])]
    lines += _steps(bare)
    taken = [bare.baseline_box] if bare.baseline_box else []
    taken += [labels.marker(anchor) for anchor, drawn in zip(anchors, bare.named, strict=True) if not drawn]
    wanted = [anchor for anchor, drawn in zip(anchors, bare.named, strict=True) if drawn]
    placed = iter(labels.place(wanted, bare.area, taken, [*bars, *lines]))
    return replace(bare, labels=tuple(next(placed) if drawn else None for drawn in bare.named))


def scatter(
    points: Sequence[Point],
    baseline: tuple[str, float] | None,
    *,
    axis: Axis,
    width: float,
    height: float,
    name: str,
    title: str,
    metric: str,
) -> str:
    """The plot as one ``<svg>`` element.

    Args:
        points, baseline, width, height: see `scene`.
        axis: which cost it is.
        name: prefix of the element ids, unique in the page; title: what the plot shows; metric: name of the y axis.
    """
    laid_out = scene(points, baseline, width, height)
    root = Element(
        "svg",
        {
            "viewBox": f"0 0 {_number(width)} {_number(height)}",
            "role": "img",
            "aria-labelledby": f"{name}-title {name}-desc",
            "class": "plot",
        },
    )
    _text(SubElement(root, "title", {"id": f"{name}-title"}), title)
    _text(SubElement(root, "desc", {"id": f"{name}-desc"}), _description(laid_out, axis, metric))
    _draw_axes(root, laid_out, axis, metric)
    _draw_baseline(root, laid_out)
    _draw_front(root, laid_out)
    _draw_points(root, laid_out, axis, metric)
    return ElementTree.tostring(root, encoding="unicode")


def legend_marker(series: int) -> str:
    """The marker of a series as a small ``<svg>`` for a legend."""
    root = Element("svg", {"viewBox": "-8 -8 16 16", "class": "marker", "aria-hidden": "true"})
    SubElement(root, "path", {"d": _shape(series), "class": f"point {_series(series)}"})
    return ElementTree.tostring(root, encoding="unicode")


def _draw_axes(root: Element, drawn: Scene, axis: Axis, metric: str) -> None:
    area = drawn.area
    axes = SubElement(root, "g", {"class": "axes"})
    for value in linear_ticks(*drawn.y_range, most=max(3, int((area.bottom - area.top) / 44))):
        y = drawn.y(value)
        _line(axes, area.left, y, area.right, y, "grid")
        _label(axes, area.left - 8, y + 4, f"{value:.2f}".replace("-", "\N{MINUS SIGN}"), "tick end")
    for value in log_ticks(*drawn.x_range, most=max(3, int((area.right - area.left) / 74))):
        x = drawn.x(value)
        _line(axes, x, area.top, x, area.bottom, "grid")
        _label(axes, x, area.bottom + 18, axis.tick(value), "tick middle")
    _line(axes, area.left, area.bottom, area.right, area.bottom, "axis")
    _line(axes, area.left, area.top, area.left, area.bottom, "axis")
    _label(
        axes,
        (area.left + area.right) / 2,
        drawn.height - 10,
        f"{axis.title} (logarithmic)",
        "axis-title middle",
    )
    _label(axes, 12, 15, f"{metric}, with 95% interval", "axis-title")


def _draw_baseline(root: Element, drawn: Scene) -> None:
    if drawn.baseline is None or drawn.baseline_box is None:
        return
    name, quality = drawn.baseline
    group = SubElement(root, "g", {"class": "baseline"})
    _line(group, drawn.area.left, drawn.y(quality), drawn.area.right, drawn.y(quality), "baseline-line")
    _label(group, drawn.baseline_box.right, drawn.baseline_box.bottom - 4, name, "label end")


def _draw_front(root: Element, drawn: Scene) -> None:
    """A staircase through the points of the Pareto front: what can be had for how much."""
    kept = [point for point, on_it in zip(drawn.points, drawn.front, strict=True) if on_it]
    path = ""
    for point in kept:
        x, y = _number(drawn.x(point.cost)), _number(drawn.y(point.quality))
        path += f"H{x}V{y}" if path else f"M{x},{y}"
    SubElement(root, "path", {"class": "front-line", "d": f"{path}H{_number(drawn.area.right)}"})


def _draw_points(root: Element, drawn: Scene, axis: Axis, metric: str) -> None:
    for point in (point for point, named in zip(drawn.points, drawn.named, strict=True) if named):
        x = drawn.x(point.cost)
        bottom, top = (drawn.y(bound) for bound in point.interval)
        bar = SubElement(root, "g", {"class": f"error {_series(point.series)}"})
        for x1, y1, x2, y2 in ((x, top, x, bottom), (x - 3, top, x + 3, top), (x - 3, bottom, x + 3, bottom)):
            _line(bar, x1, y1, x2, y2, "error-line")
    for point, label, on_front in zip(drawn.points, drawn.labels, drawn.front, strict=True):
        group = SubElement(root, "g", {"class": "run front" if on_front else "run"})
        _text(SubElement(group, "title"), f"{point.label}: {_values(point, axis, metric)}")
        if label and label.leader:
            _line(group, *label.leader, "leader")
        place = f"translate({_number(drawn.x(point.cost))},{_number(drawn.y(point.quality))})"
        marker = {"d": _shape(point.series), "transform": place, "class": f"point {_series(point.series)}"}
        SubElement(group, "path", marker)
        if label:
            _name(group, label)


def _name(parent: Element, label: Label) -> None:
    """The label's text, aligned to the side of its point so that the gap is the same for every font."""
    box = label.box
    x, kind = {
        -1: (box.left, "label"),
        0: ((box.left + box.right) / 2, "label middle"),
        1: (box.right, "label end"),
    }[label.side]
    _label(parent, x, box.bottom - 4, label.text, kind)


def _description(drawn: Scene, axis: Axis, metric: str) -> str:
    named = (point for point, told in zip(drawn.points, drawn.named, strict=True) if told)
    runs = "; ".join(f"{point.label}: {_values(point, axis, metric)}" for point in named)
    best = ", ".join(point.label for point, on_it in zip(drawn.points, drawn.front, strict=True) if on_it)
    line = f" Dashed line: {drawn.baseline[0]}, {metric} {text.score(drawn.baseline[1])}." if drawn.baseline else ""
    return (
        f"{text.plural(len(drawn.points), 'run')}, cheapest first. {runs}.{line} On the Pareto front, where no other "
        f"run is as good for less: {best}."
    )


def _values(point: Point, axis: Axis, metric: str) -> str:
    return f"{metric} {text.score(point.quality)} {text.interval(point.interval)}, {axis.say(point.cost)} a query"


def _steps(drawn: Scene) -> list[Box]:
    """The horizontal parts of the line through the Pareto front."""
    kept = [point for point, on_it in zip(drawn.points, drawn.front, strict=True) if on_it]
    ends = [drawn.x(point.cost) for point in kept[1:]] + [drawn.area.right]
    return [
        Box(drawn.x(point.cost), drawn.y(point.quality) - 1, end, drawn.y(point.quality) + 1)
        for point, end in zip(kept, ends, strict=True)
    ]


def _line_box(drawn: Scene, quality: float) -> Box:
    return Box(drawn.area.left, drawn.y(quality) - 1, drawn.area.right, drawn.y(quality) + 1)


def _series(number: int) -> str:
    return f"series-{number % len(_SHAPES)}"


def _shape(series: int) -> str:
    return _SHAPES[series % len(_SHAPES)]


def _line(parent: Element, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
    ends = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    SubElement(parent, "line", {**{key: _number(value) for key, value in ends.items()}, "class": kind})


def _label(parent: Element, x: float, y: float, content: str, kind: str) -> None:
    _text(SubElement(parent, "text", {"x": _number(x), "y": _number(y), "class": kind}), content)


def _text(element: Element, content: str) -> None:
    element.text = printable(content)


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
