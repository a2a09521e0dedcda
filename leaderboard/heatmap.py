"""Values of every head of every layer as a picture of their own (SVG). Pure."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from leaderboard.svg import line, picture, tip, words

SCALE = ((244, 247, 251), (171, 201, 229), (80, 145, 196), (28, 90, 150), (10, 38, 78))
"""Low to high, red, green and blue. One hue of falling lightness reads the same with any colour vision; the heads
that are marked have an orange ring, which differs from every blue in lightness or in hue."""

_CELL = 18
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 96, 52, 46
_LEAST_WIDTH, _LEAST_BAR = 560, 100
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#333}.paper{fill:#fff}.cell{stroke:#fff}"
    ".ring{fill:none;stroke:#e8710a;stroke-width:2.5}.frame{stroke:#888}.tick{stroke:#555}"
)


def heatmap(
    values: Sequence[Sequence[float]], title: str, measure: str, marked: Collection[tuple[int, int]] = ()
) -> str:
    """The picture as a standalone SVG file: layers to the right, heads downwards.

    Args:
        values: ``[layers][heads]``, at least one.
        title: what it is about; measure: what the colours say, written at the legend.
        marked: layer and head of those that get a ring.

    Raises:
        ValueError: a value is not finite, or a marked head is not among them.
    """
    layers, heads = len(values), len(values[0])
    flat = [value for row in values for value in row]
    if not all(math.isfinite(value) for value in flat):
        raise ValueError("a heat map needs finite values")
    if any(not (0 <= layer < layers and 0 <= head < heads) for layer, head in marked):
        raise ValueError(f"a marked head is not among {layers} layers of {heads} heads")
    low, high = min(flat), max(flat)
    wide, tall = layers * _CELL, heads * _CELL
    inner = max(wide, _LEAST_WIDTH - _LEFT - _RIGHT)
    bar = max(tall, _LEAST_BAR)
    svg = picture(_LEFT + inner + _RIGHT, _TOP + bar + _BOTTOM, f"{title}: {measure}", _STYLE)
    SubElement(svg, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    for layer, row in enumerate(values):
        for head, value in enumerate(row):
            share = (value - low) / (high - low) if high > low else 0.0
            ring = " (chosen)" if (layer, head) in marked else ""
            cell = _square(svg, layer, head, 0, "cell")
            cell.set("fill", colour(share))
            tip(cell, f"layer {layer}, head {head}: {value:.4g}{ring}")
    for layer, head in sorted(marked):
        _square(svg, layer, head, 1.5, "ring").set("pointer-events", "none")
    for layer in _numbers(layers):
        words(svg, _LEFT + (layer + 0.5) * _CELL, _TOP + tall + 17, str(layer), "middle")
    for head in _numbers(heads):
        words(svg, _LEFT - 7, _TOP + (head + 0.5) * _CELL + 4.5, str(head), "end")
    _legend(svg, _LEFT + inner + 26, bar, low, high)
    words(svg, 14, 20, title, "start")
    words(svg, 14, 39, measure + (f"; ringed: the {len(marked)} best" if marked else ""), "start")
    words(svg, _LEFT + wide / 2, _TOP + tall + 36, "layer", "middle")
    turned = SubElement(svg, "g", {"transform": f"translate(18,{_TOP + tall / 2:g}) rotate(-90)"})
    words(turned, 0, 0, "head", "middle")
    return tostring(svg, encoding="unicode") + "\n"


def colour(share: float) -> str:
    """The colour of a value, ``#rrggbb``; share: 0 for the lowest to 1 for the highest."""
    place = share * (len(SCALE) - 1)
    below = min(int(place), len(SCALE) - 2)
    mixed = (a + (b - a) * (place - below) for a, b in zip(SCALE[below], SCALE[below + 1], strict=True))
    return "#" + "".join(f"{round(part):02x}" for part in mixed)


def _square(svg: Element, layer: int, head: int, inset: float, kind: str) -> Element:
    side = f"{_CELL - 2 * inset:g}"
    place = {"x": f"{_LEFT + layer * _CELL + inset:g}", "y": f"{_TOP + head * _CELL + inset:g}"}
    return SubElement(svg, "rect", {"class": kind, **place, "width": side, "height": side})


def _numbers(count: int) -> range:
    """Which layers or heads are numbered: all of a few, else every second or fourth."""
    return range(0, count, 1 if count <= 12 else 2 if count <= 40 else 4)


def _legend(svg: Element, left: float, tall: float, low: float, high: float) -> None:
    """The scale as a bar, highest on top."""
    fade = SubElement(SubElement(svg, "defs"), "linearGradient", {"id": "scale", "x1": "0", "y1": "1", "x2": "0"})
    fade.set("y2", "0")
    for stop in range(len(SCALE)):
        share = stop / (len(SCALE) - 1)
        SubElement(fade, "stop", {"offset": f"{share:g}", "stop-color": colour(share)})
    place = {"x": f"{left:g}", "y": f"{_TOP}", "width": "12", "height": f"{tall}", "fill": "url(#scale)"}
    SubElement(svg, "rect", {"class": "frame", **place})
    ends = [(low, 1.0), (high, 0.0)] if high > low else [(low, 1.0)]
    middle = [((low + high) / 2, 0.5)] if high > low else []
    for value, share in ends + middle:
        y = _TOP + share * tall
        line(svg, left + 12, y, left + 16, y, "tick")
        words(svg, left + 19, y + 4.5, f"{value:.3g}", "start")
