"""Where the ticks of an axis go. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

_MANTISSAS = ((1, 1.5, 2, 3, 4, 5, 7), (1, 2, 5), (1, 3), (1,))
"""Ticks within a decade, densest first."""


def linear_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most ``most`` round numbers from ``low`` to ``high``, at steps of 1, 2 or 5 times a power of ten."""
    if not low < high:
        raise ValueError(f"an axis needs low < high, not {low} and {high}")
    exponent = math.floor(math.log10((high - low) / most))
    for step in (factor * 10.0**power for power in (exponent, exponent + 1) for factor in (1, 2, 5)):
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [round(number * step, 12) for number in range(first, last + 1)]
    raise AssertionError("a step of 50 times a sixth of the range always fits")


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most ``most`` round numbers from ``low`` to ``high`` for a logarithmic axis; both are positive."""
    if not 0 < low < high:
        raise ValueError(f"a logarithmic axis needs 0 < low < high, not {low} and {high}")
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks: list[float] = []
    for mantissas in _MANTISSAS:
        all_ticks = [float(f"{mantissa}e{decade}") for decade in decades for mantissa in mantissas]
        ticks = [tick for tick in all_ticks if low <= tick <= high]
        if len(ticks) <= most:
            return ticks
    return ticks[:: math.ceil(len(ticks) / most)]


def padded(values: Sequence[float], share: float, least: float) -> tuple[float, float]:
    """The range of ``values`` with ``share`` of its width added on both sides, ``least`` wide or more."""
    low, high = min(values), max(values)
    extra = max((high - low) * share, (least - (high - low)) / 2)
    return low - extra, high + extra
