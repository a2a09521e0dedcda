"""Differences by topic as sorted bars, inline SVG. Pure; colours come from the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

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
    half = (HEIGHT - _TOP - _BOTTOM) / 2
    middle, unit = _TOP + half, half / reach
    width = (WIDTH - _LEFT - _RIGHT) / len(differences)
    name = escape(name)
    zero = f"{middle:.1f}"
    parts = [
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" class="bars" aria-labelledby="{name}-title">'
        f'<title id="{name}-title">{escape(printable(title))}</title>'
    ]
    for tick in linear_ticks(-reach, reach, 5):
        at = middle - tick * unit
        parts.append(
            f'<line class="{"axis" if tick == 0 else "grid"}" x1="{_LEFT:g}" x2="{WIDTH - _RIGHT:g}" '
            f'y1="{at:.1f}" y2="{at:.1f}" />'
            f'<text class="tick end" x="{_LEFT - 7:g}" y="{at + 4:.1f}">{text.signed(tick).removesuffix("0")}</text>'
        )
    drawn = f"{width - 1 if width >= _GAP_FROM else width:.2f}"
    shapes = [
        (value, f"M{_LEFT + place * width:.2f},{zero}V{middle - value * unit:.1f}h{drawn}V{zero}z")
        for place, value in enumerate(differences)
        if value
    ]
    for kind, wanted in (("gain", True), ("loss", False)):
        path = "".join([shape for value, shape in shapes if (value > 0) is wanted])
        if path:
            parts.append(f'<path class="bar {kind}" d="{path}" />')
    return "".join((*parts, "</svg>"))
