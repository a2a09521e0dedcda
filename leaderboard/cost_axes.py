"""What a query costs, in the ways that a plot can show. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from leaderboard import text
from leaderboard.costs import Cost

Kind = Literal["seconds", "times", "mib", "count", "flops"]
"""How values are written; static/charts.js knows the same."""


@dataclass(frozen=True)
class Axis:
    """One kind of cost.

    Attributes:
        key: short name, in attributes; label: in the list of choices and above a column; title: written at the axis.
        own_machine: whether values of different machines must not be compared.
        of: the value, above 0; None where it was not measured.
    """

    key: str
    label: str
    title: str
    kind: Kind
    own_machine: bool
    of: Callable[[Cost], float | None]

    def say(self, value: float) -> str:
        """A value with its unit."""
        return _SAY[self.kind](value)

    def tick(self, value: float) -> str:
        """A round value with its unit."""
        return _TICK[self.kind](value)


def _tokens(cost: Cost) -> float | None:
    return None if cost.prompt_tokens is None else cost.prompt_tokens + (cost.completion_tokens or 0)


AXES: tuple[Axis, ...] = (
    Axis("latency", "Latency", "median latency a query", "seconds", True, lambda cost: cost.latency),
    Axis("ratio", "Ratio", "latency over that of one plain pass", "times", False, lambda cost: cost.ratio),
    Axis("memory", "Memory", "weights and peak above them", "mib", True, lambda cost: cost.memory),
    Axis("tokens", "Tokens", "tokens read and written a query", "count", False, _tokens),
    Axis("flops", "FLOPs", "estimated FLOPs a query", "flops", False, lambda cost: cost.flops),
)
"""The first one that has values is drawn where there is no script."""


def _times(value: float) -> str:
    return f"{value:.3g}×"


def _binary(value: float) -> str:
    return f"{value / 2**30:.3g} GiB" if value >= 2**30 else f"{value / 2**20:.3g} MiB"


_SAY: dict[Kind, Callable[[float], str]] = {
    "seconds": text.seconds,
    "times": _times,
    "mib": lambda value: f"{text.mebibytes(round(value))} MiB",
    "count": text.count,
    "flops": text.flops,
}
_TICK: dict[Kind, Callable[[float], str]] = {
    "seconds": text.tick_seconds,
    "times": _times,
    "mib": _binary,
    "count": lambda value: f"{value:,g}",
    "flops": text.flops,
}
