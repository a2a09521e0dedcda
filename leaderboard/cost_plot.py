"""Quality against cost: a picture, what its script needs to draw another one, and the same as a table. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import get_args

from markupsafe import Markup

from leaderboard import addresses, pareto, plot
from leaderboard.cost_axes import AXES, Axis
from leaderboard.costs import Cost, summed, timing
from leaderboard.export import DataTable
from leaderboard.family import FamilyTable
from leaderboard.rows import PRIMARY, Row, Section, hardware
from methods.card import Card

WIDE, NARROW = (1080.0, 440.0), (343.0, 400.0)
"""Sizes of the two drawings of a plot; the style sheet shows the one that fits the screen."""

FAMILIES: tuple[str, ...] = get_args(Card.model_fields["family"].annotation)
"""Families of methods, in the order of their series in plots."""

SEVERAL = "several machines"


@dataclass(frozen=True)
class Item:
    """One row: its name, page (relative to the root), quality with its 95% interval, series and costs.

    Attributes:
        machine: on which it ran; timed_on: on which its latency was measured, which may be another one. `SEVERAL` where
            its runs do not agree, empty where it is not known.
    """

    name: str
    page: str
    quality: float
    interval: tuple[float, float]
    series: int
    machine: str
    timed_on: str
    cost: Cost

    def on(self, axis: Axis) -> str:
        """The machine that a cost belongs to; empty for costs that machines do not matter to."""
        return "" if not axis.own_machine else self.timed_on if axis.key == "latency" else self.machine

    def say(self, axis: Axis) -> str:
        """A cost that it has, in words; ``~`` before a latency that no timed session measured."""
        rough = "~" if axis.key == "latency" and not self.cost.timed else ""
        return f"{rough}{axis.say(self.values[axis.key])}"

    @cached_property
    def values(self) -> dict[str, float]:
        """Its costs above 0, by axis; none that mixes machines where machines matter."""
        found = {axis.key: axis.of(self.cost) for axis in AXES if self.on(axis) != SEVERAL}
        return {key: value for key, value in found.items() if value}


@dataclass(frozen=True)
class CostPlot:
    """What a page shows.

    Attributes:
        anchor: unique in the page; title: what of; items: best first; baseline: name and quality of the first stage.
        axes: those with a value; machines: all of them; machine: the one that is drawn, None where there is one only.
        fronts: places in ``items`` of each axis's Pareto front, made for each machine alone where machines matter.
        shown: the items that are drawn, on the first axis.
    """

    anchor: str
    title: str
    items: tuple[Item, ...]
    baseline: tuple[str, float] | None
    axes: tuple[Axis, ...]
    machines: tuple[str, ...]
    machine: str | None
    fronts: Mapping[str, frozenset[int]]
    shown: tuple[Item, ...]

    @property
    def crowded(self) -> bool:
        """Whether only the points on the front have names and error bars."""
        return len(self.shown) > plot.CROWD

    @property
    def wide(self) -> Markup | None:
        """The picture for wide screens, None where nothing can be drawn."""
        return self._drawn("wide", WIDE)

    @property
    def narrow(self) -> Markup | None:
        """The same for narrow ones."""
        return self._drawn("narrow", NARROW)

    def _drawn(self, kind: str, size: tuple[float, float]) -> Markup | None:
        if not self.axes:
            return None
        axis = self.axes[0]
        return Markup(
            plot.scatter(
                _points(self.shown, self.items, axis),
                self.baseline,
                axis=axis,
                width=size[0],
                height=size[1],
                name=f"plot-{kind}-{self.anchor}",
                title=f"{PRIMARY} against {axis.title}: {self.title}",
                metric=PRIMARY,
            )
        )

    @property
    def legend(self) -> list[tuple[Markup, str]]:
        """Marker and family of methods, in the order of the series."""
        return [
            (Markup(plot.legend_marker(series)), FAMILIES[series] if series < len(FAMILIES) else "unknown family")
            for series in sorted({item.series for item in self.items})
        ]

    @property
    def table(self) -> DataTable:
        """The same as data."""
        columns = (
            "method",
            "page",
            PRIMARY,
            "low",
            "high",
            "machine",
            "timed on",
            *(axis.key for axis in self.axes),
            "front of",
        )
        rows = tuple(
            (
                item.name,
                item.page,
                item.quality,
                *item.interval,
                item.machine,
                item.timed_on,
                *(item.values.get(axis.key) for axis in self.axes),
                " ".join(axis.key for axis in self.axes if place in self.fronts[axis.key]),
            )
            for place, item in enumerate(self.items)
        )
        return DataTable(f"cost-{self.anchor}", f"Quality against cost: {self.title}", columns, rows)


def of_section(section: Section, title: str, cards: Mapping[str, Card]) -> CostPlot:
    """The runs of one collection."""
    backbones = {row.request.backbone.name for row in section.rows if row.request.backbone}
    items = []
    for row in section.rows:
        if row.summary is None or row.score is None or row.is_baseline:
            continue
        backbone = row.request.backbone.name if row.request.backbone and len(backbones) > 1 else ""
        card = cards.get(row.request.method.name)
        items.append(
            Item(
                name=" · ".join(part for part in (row.name, backbone) if part),
                page=addresses.run(row),
                quality=row.score,
                interval=row.summary.metrics.interval.get(PRIMARY, (row.score, row.score)),
                series=_series(card.family if card else ""),
                machine=row.hardware or "",
                timed_on=_timed_on([row]),
                cost=summed([row]),
            )
        )
    baseline = section.baseline
    line = (baseline.name, baseline.score) if baseline is not None and baseline.score is not None else None
    return _plot(section.anchor, title, items, line)


def of_family(table: FamilyTable) -> CostPlot:
    """Rows over all collections of a family."""
    backbones = {row.backbone.name for row in table.rows if row.backbone}
    items = []
    for row in table.rows:
        if row.mean is None or row.is_baseline:
            continue
        backbone = row.backbone.name if row.backbone and len(backbones) > 1 else ""
        items.append(
            Item(
                name=" · ".join(part for part in (row.method.name, row.preset, row.variant, backbone) if part),
                page=addresses.run(row.rows[0]) if len(row.rows) == 1 else addresses.method(row.method.name),
                quality=row.mean,
                interval=row.interval or (row.mean, row.mean),
                series=_series(row.kind),
                machine=_one_of(set(row.hardware)),
                timed_on=_timed_on(row.rows) if row.cost.timed else _one_of(set(row.hardware)),
                cost=row.cost,
            )
        )
    baseline = next((row for row in table.rows if row.is_baseline and row.mean is not None), None)
    line = (baseline.method.name, baseline.mean) if baseline is not None and baseline.mean is not None else None
    return _plot(table.anchor, table.title, items, line)


def _plot(anchor: str, title: str, items: Sequence[Item], baseline: tuple[str, float] | None) -> CostPlot:
    ordered = tuple(sorted(items, key=lambda item: (-item.quality, item.name, item.page)))
    axes = tuple(axis for axis in AXES if any(axis.key in item.values for item in ordered))
    found = [{item.on(axis) for axis in axes if axis.key in item.values} for item in ordered]
    machines = Counter(name for names in found for name in names if name)
    machine = max(sorted(machines), key=lambda name: machines[name]) if len(machines) > 1 else None
    axis = axes[0] if axes else None
    only = machine if axis and axis.own_machine else None
    shown = [item for item in ordered if axis and axis.key in item.values and only in (None, item.on(axis))]
    return CostPlot(
        anchor=anchor,
        title=title,
        items=ordered,
        baseline=baseline,
        axes=axes,
        machines=tuple(sorted(machines)),
        machine=machine,
        fronts={axis.key: _front(ordered, axis) for axis in axes},
        shown=tuple(shown),
    )


def _points(shown: Sequence[Item], ordered: Sequence[Item], axis: Axis) -> list[plot.Point]:
    places = {id(item): place for place, item in enumerate(ordered, 1)}
    return [
        plot.Point(
            label=item.name,
            short=f"#{places[id(item)]}",
            cost=item.values[axis.key],
            quality=item.quality,
            interval=item.interval,
            series=item.series,
        )
        for item in shown
    ]


def _front(items: Sequence[Item], axis: Axis) -> frozenset[int]:
    groups: dict[str, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        if axis.key in item.values:
            groups[item.on(axis)].append(place)
    found = set()
    for places in groups.values():
        on_it = pareto.front([(items[place].values[axis.key], items[place].quality) for place in places])
        found |= {place for place, kept in zip(places, on_it, strict=True) if kept}
    return frozenset(found)


def _timed_on(rows: Sequence[Row]) -> str:
    """The machine of the rows' latencies: that of the timed session, or of the run where there was none."""
    sessions = [(row, timing(row)) for row in rows]
    return _one_of({hardware(session.machine) if session else row.hardware or "" for row, session in sessions})


def _one_of(names: set[str]) -> str:
    return next(iter(names)) if len(names) == 1 else SEVERAL if names else ""


def _series(family: str) -> int:
    return FAMILIES.index(family) if family in FAMILIES else len(FAMILIES)
