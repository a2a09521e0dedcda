"""Numbers as people read them: digits that carry information, and their units."""

from __future__ import annotations

from functools import lru_cache
from html import escape

_MINUS = "\N{MINUS SIGN}"
_MIB = 2**20


escaped = lru_cache(1 << 14)(escape)
"""`html.escape` for texts that come again and again: names of topics and documents, of versions and options."""


def score(value: float) -> str:
    """Three decimals."""
    shown = f"{value:.3f}"
    return shown if value >= 0 else _signless_zero(shown).replace("-", _MINUS)


def signed(value: float) -> str:
    """Three decimals with a sign, none for what rounds to zero."""
    return _signless_zero(f"{value:+.3f}").replace("-", _MINUS)


def interval(bounds: tuple[float, float]) -> str:
    """``[0.512, 0.640]``."""
    return f"[{score(bounds[0])}, {score(bounds[1])}]"


def p_value(value: float) -> str:
    """``p = 0.012``, or ``p < 0.001``."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"


def seconds(value: float) -> str:
    """Three significant digits in µs, ms or s."""
    factor, unit = _unit(value)
    return f"{_digits(value * factor)} {unit}"


def tick_seconds(value: float) -> str:
    """A round number of seconds, without zeros after the point."""
    factor, unit = _unit(value)
    return f"{value * factor:g} {unit}"


def mebibytes(size: int) -> str:
    """Bytes as MiB without the unit."""
    return f"{size / _MIB:.1f}" if size < 10 * _MIB else f"{size / _MIB:,.0f}"


def gibibytes(size: int) -> str:
    """Bytes as GiB with the unit."""
    return f"{size / 2**30:.0f} GiB"


def count(value: float) -> str:
    """A mean of counts: one decimal below 100 unless it is whole, thousands separated."""
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.1f}"


def points(value: float) -> str:
    """One decimal with a sign: a difference of numbers from 0 to 100."""
    return _signless_zero(f"{value:+.1f}").replace("-", _MINUS)


def flops(value: float) -> str:
    """Operations in MFLOP to PFLOP, three digits."""
    for factor, unit in ((1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP")):
        if value >= factor:
            return f"{_digits(value / factor)} {unit}"
    return f"{_digits(value / 1e6)} MFLOP"


def percent(share: float) -> str:
    """A share with one decimal; 100% only for all of it."""
    return "100%" if share == 1 else f"{min(share * 100, 99.9):.1f}%"


def plural(number: int, noun: str, many: str | None = None) -> str:
    """``1 query``, ``2 queries``."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def _unit(value: float) -> tuple[float, str]:
    return (1e6, "µs") if value < 0.0009995 else (1e3, "ms") if value < 0.9995 else (1.0, "s")


def _digits(value: float) -> str:
    """Three significant digits; whole from a hundred on."""
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:,.0f}"


def _signless_zero(text: str) -> str:
    return text.lstrip("+-") if float(text) == 0 else text
