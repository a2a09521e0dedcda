"""Place text beside points so that nothing covers anything. Pure geometry, in the units of the drawing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LINE_HEIGHT = 15.0
_WIDTHS = (("ijl.,:;|!' ·", 4.0), ("frt-()[]/", 5.0), ("mwMW@%", 11.8))
"""Widths of characters at 12 units of font size, as in the widest of the usual fonts."""

_OTHER_LOWER, _OTHER_ASCII, _OTHER = 7.5, 8.3, 12.0

_DIRECTIONS = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (1, 1), (-1, -1), (-1, 1))
_DISTANCES = (5.0, 14.0, 26.0, 40.0)


@dataclass(frozen=True)
class Box:
    """A rectangle: left, top, right, bottom; y grows downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share an area."""
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def inside(self, other: Box) -> bool:
        """Whether it does not stick out of the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.top <= self.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True)
class Anchor:
    """A point that wants a label: the long text, or else the short one."""

    x: float
    y: float
    radius: float
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Label:
    """A placed text.

    Attributes:
        box: room for it; side: where its point is, -1 to the left, 0 above or below, 1 to the right.
        leader: the line from its point, (x1, y1, x2, y2), where it is not next to it.
    """

    text: str
    box: Box
    side: int
    leader: tuple[float, float, float, float] | None


def width(text: str) -> float:
    """Estimated width of a text."""
    return sum(_character(char) for char in text)


def _character(char: str) -> float:
    for chars, size in _WIDTHS:
        if char in chars:
            return size
    return _OTHER if not char.isascii() else _OTHER_LOWER if char.islower() else _OTHER_ASCII


def place(anchors: Sequence[Anchor], area: Box, hard: Sequence[Box], soft: Sequence[Box]) -> list[Label | None]:
    """A label for each anchor, in the same order; None where even its shortest text finds no place.

    Labels stay in ``area`` and overlap neither each other, nor a marker, nor a ``hard`` box. Among the places that
    are left, those that cover few ``soft`` boxes and are near their point win.
    """
    markers = [marker(anchor) for anchor in anchors]
    taken = [*hard, *markers]
    placed: list[Label | None] = []
    for anchor in anchors:
        others = [box for other, box in zip(anchors, markers, strict=True) if other is not anchor]
        label = _best(anchor, area, taken, soft, others)
        if label:
            taken.append(label.box)
        placed.append(label)
    return placed


def _best(anchor: Anchor, area: Box, taken: Sequence[Box], soft: Sequence[Box], markers: Sequence[Box]) -> Label | None:
    for text in anchor.texts:
        best, least = None, math.inf
        for cost, label in _candidates(anchor, text):
            if cost >= least:
                # Those that follow cost more.
                break
            if not label.box.inside(area) or any(label.box.overlaps(box) for box in taken):
                continue
            cost += 20 * sum(label.box.overlaps(box) for box in soft)
            if cost < least and not any(_crosses(label, box) for box in markers):
                best, least = label, cost
        if best is not None:
            return best
    return None


def _candidates(anchor: Anchor, text: str) -> Iterator[tuple[float, Label]]:
    """Places around the point with their cost, which rises."""
    half_width, half_height = width(text) / 2, LINE_HEIGHT / 2
    for gap in _DISTANCES:
        reach = anchor.radius + gap
        for preference, (right, down) in enumerate(_DIRECTIONS):
            diagonal = 0.7 if right and down else 1.0
            x = anchor.x + right * (half_width + reach * diagonal)
            y = anchor.y + down * (half_height + reach * diagonal)
            box = Box(x - half_width, y - half_height, x + half_width, y + half_height)
            far = gap > _DISTANCES[0]
            near_x = min(max(anchor.x, box.left), box.right)
            near_y = min(max(anchor.y, box.top), box.bottom)
            leader = (anchor.x, anchor.y, near_x, near_y) if far else None
            yield gap + preference * 0.5, Label(text, box, -right, leader)


def _crosses(label: Label, box: Box) -> bool:
    """Whether the leader runs over the box, looked at in twenty places."""
    if label.leader is None:
        return False
    x1, y1, x2, y2 = label.leader
    if not box.overlaps(Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))):
        return False
    steps = [number / 20 for number in range(21)]
    dots = ((x1 + (x2 - x1) * step, y1 + (y2 - y1) * step) for step in steps)
    return any(box.left < x < box.right and box.top < y < box.bottom for x, y in dots)


def marker(anchor: Anchor) -> Box:
    """Room for a point itself."""
    reach = anchor.radius + 1
    return Box(anchor.x - reach, anchor.y - reach, anchor.x + reach, anchor.y + reach)
