"""Sections and rows as HTML pages. Pure but for reading the templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import get_args

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark import published
from benchmark.evaluation.metrics import TABLE
from benchmark.hashing import canonical_json
from benchmark.regression.record import Condition
from leaderboard import plot, text
from leaderboard.rows import PRIMARY, Row, Section
from leaderboard.safe import safe_name
from methods.card import Card

TEMPLATES = Path(__file__).parent / "templates"

WIDE, NARROW = (1080.0, 440.0), (343.0, 400.0)
"""Sizes of the two drawings of a plot; the style sheet shows the one that fits the screen."""

FAMILIES: tuple[str, ...] = get_args(Card.model_fields["family"].annotation)
"""Families of methods, in the order of their series in plots."""


@dataclass(frozen=True)
class DataFile:
    """A file of a run that the site offers; ``size`` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PlotView:
    """A section's plot: two drawings of the same points, and what is said below them.

    Attributes:
        legend: marker and family, in series order; untimed: ranked rows that have no latency and are not drawn.
    """

    wide: Markup
    narrow: Markup
    legend: tuple[tuple[Markup, str], ...]
    untimed: int


def pages(
    sections: Sequence[Section],
    cards: Mapping[str, Card],
    data: Mapping[str, Sequence[DataFile]],
    ledger: Sequence[Condition] = (),
) -> dict[str, str]:
    """Every page's HTML by its path in the site.

    Args:
        sections: what is shown.
        cards: of the methods that are known here, by name.
        data: files of each row, by the row's page name.
        ledger: conditions whose history belongs to rows of the same method, preset and backbone.
    """
    environment = _environment(cards)
    index = environment.get_template("index.html")
    run = environment.get_template("run.html")
    plots = {section.anchor: plot_view(section, cards) for section in sections}
    out = {"index.html": index.render(root="", sections=sections, plots=plots)}
    for section in sections:
        for row in section.rows:
            whole = replace(row, cell=row.full())
            context = {"section": section, "row": whole, "card": cards.get(row.request.method.name)}
            files = data.get(row.page, ())
            context["history"] = [condition for condition in ledger if _is_of(condition, row)]
            out[f"runs/{row.page}.html"] = run.render(root="../", sections=sections, files=files, **context)
    return out


def _is_of(condition: Condition, row: Row) -> bool:
    asked = row.request
    backbone = asked.backbone.name if asked.backbone else None
    return (condition.method, condition.preset, condition.backbone) == (
        asked.method.name,
        asked.method.preset,
        backbone,
    )


def plot_view(section: Section, cards: Mapping[str, Card]) -> PlotView | None:
    """The plot of a section; None when no re-ranker has both a score and a latency."""
    ranked = [row for row in section.rows if row.summary and not row.is_baseline]
    points = [point for row in ranked if (point := _point(section, row, cards)) is not None]
    if not points:
        return None
    baseline = None
    if section.baseline is not None and section.baseline.score is not None:
        baseline = (section.baseline.request.method.name, section.baseline.score)
    title = f"{PRIMARY} against median latency: {_section_title(section)}"

    def drawing(kind: str, size: tuple[float, float]) -> Markup:
        name = f"plot-{kind}-{section.anchor}"
        svg = plot.scatter(points, baseline, width=size[0], height=size[1], name=name, title=title, metric=PRIMARY)
        return Markup(svg)

    present = sorted({point.series for point in points})
    return PlotView(
        wide=drawing("wide", WIDE),
        narrow=drawing("narrow", NARROW),
        legend=tuple((Markup(plot.legend_marker(series)), _family(series)) for series in present),
        untimed=len(ranked) - len(points),
    )


def _point(section: Section, row: Row, cards: Mapping[str, Card]) -> plot.Point | None:
    summary = row.summary
    if summary is None or summary.latency is None or summary.latency.median <= 0:
        return None
    backbones = {other.request.backbone.name for other in section.rows if other.request.backbone}
    backbone = row.request.backbone.name if row.request.backbone and len(backbones) > 1 else ""
    parts = (row.name, backbone, section.hardware_mark(row))
    mean = summary.metrics.mean[PRIMARY]
    card = cards.get(row.request.method.name)
    return plot.Point(
        label=" · ".join(part for part in parts if part),
        short=f"#{row.rank}",
        seconds=summary.latency.median,
        quality=mean,
        interval=summary.metrics.interval.get(PRIMARY, (mean, mean)),
        series=FAMILIES.index(card.family) if card else len(FAMILIES),
    )


def _family(series: int) -> str:
    return FAMILIES[series] if series < len(FAMILIES) else "unknown family"


def _section_title(section: Section) -> str:
    request = section.request
    title = section.spec.title if section.spec else request.name
    return f"{title}, {request.split}, {request.first_stage} top {request.depth}"


def _environment(cards: Mapping[str, Card]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def method_title(name: str) -> str:
        return cards[name].title if name in cards else name

    environment.filters |= {
        "score": text.score,
        "signed": text.signed,
        "interval": text.interval,
        "p_value": text.p_value,
        "seconds": text.seconds,
        "mebibytes": text.mebibytes,
        "gibibytes": text.gibibytes,
        "count": text.count,
        "percent": text.percent,
        "plural": text.plural,
        "canonical": canonical_json,
        "safe_name": safe_name,
        "method_title": method_title,
        "section_title": _section_title,
    }
    environment.tests["web_address"] = _is_web_address
    environment.globals |= {"PRIMARY": PRIMARY, "METRICS": TABLE, "published": _published}
    return environment


def _published(section: Section) -> list[published.PublishedResult]:
    """Published numbers for a catalogued collection's test split."""
    return published.of(section.request.name) if section.spec and section.request.split == "test" else []


def _is_web_address(value: object) -> bool:
    """Only these become links: a ``javascript:`` address would be one as well."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))
