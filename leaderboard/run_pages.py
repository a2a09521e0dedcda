"""One page a run: everything that is known of it, and the run beside the first stage and its neighbour in rank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from jinja2 import Environment
from markupsafe import Markup, escape

from benchmark import __version__
from benchmark.harness.record import QueryRecord
from benchmark.harness.store import Cell
from benchmark.hashing import canonical_json
from benchmark.regression.record import Condition
from leaderboard import addresses, cite, text
from leaderboard.bars import bars
from leaderboard.costs import flops, timing
from leaderboard.export import DataTable
from leaderboard.pages import Page, Site
from leaderboard.rows import PRIMARY, Row, Section
from leaderboard.titles import run_title, section_title
from leaderboard.versus import Pair, Topic, Tops, comparable, neighbours, tops

LARGEST = 5
"""Topics that are shown with their rankings."""

_FAILED = ' class="failed"'


@dataclass(frozen=True)
class Shown:
    """A comparison as the page shows it; ``key`` is unique in the page, ``what`` says who the other one is."""

    key: str
    what: str
    pair: Pair
    largest: Sequence[Topic]
    bars: Markup

    @property
    def other(self) -> Row:
        """The run that this one is compared with."""
        return self.pair.theirs


class Rankings:
    """The first documents of each query, kept for the runs that were asked for last."""

    _KEPT = 4

    def __init__(self) -> None:
        self._kept: dict[str, Tops] = {}

    def of(self, row: Row, cell: Cell | None = None) -> Tops:
        """Of one run; its lines are read unless ``cell`` holds them."""
        found = self._kept.pop(row.page, None)
        if found is None:
            found = tops((cell or row.full()).records)
        self._kept[row.page] = found
        while len(self._kept) > self._KEPT:
            del self._kept[next(iter(self._kept))]
        return found


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The page of every run, best first within its section."""
    rankings = Rankings()
    for section in site.sections:
        above = {pair.theirs.page: pair.turned for pair in neighbours(section)}
        for row in section.rows:
            compared = _compared(row, section, above.get(row.page))
            files = [[file.name, file.size, file.sha256] for file in site.data(row)]
            others = [[[file.name, file.sha256] for file in site.data(pair.theirs)] for _, _, pair in compared]
            history = [condition for condition in site.ledger if _is_of(condition, row)]
            card = site.cards.get(row.request.method.name)
            depends = [
                files,
                others,
                [[what, pair.theirs.page, pair.test.p_value] for _, what, pair in compared],
                [row.page, row.variant, row.status, row.reason, row.rank, row.hardware],
                row.comparison and [row.comparison.p_value, row.comparison.corrected],
                section_title(section),
                section.metrics,
                card and [card.title, card.summary],
                [condition.model_dump(mode="json") for condition in history],
                site.base_url,
            ]
            yield Page(
                addresses.run(row),
                canonical_json(depends),
                partial(_render, site, environment, section, row, compared, history, rankings),
                partial(_tables, row),
            )


def _compared(row: Row, section: Section, above: Pair | None) -> list[tuple[str, str, Pair]]:
    """With which runs it is compared: key, who it is, and the pair."""
    found = []
    baseline = section.baseline
    if row.comparison and baseline and comparable(row, baseline):
        found.append(("first-stage", "the first stage", Pair(row, baseline, row.comparison)))
    if above is not None and (baseline is None or above.theirs.page != baseline.page or not found):
        found.append(("above", "the run ranked just above it", above))
    return found


def _is_of(condition: Condition, row: Row) -> bool:
    asked = row.request
    backbone = asked.backbone.name if asked.backbone else None
    return (condition.method, condition.preset, condition.backbone) == (
        asked.method.name,
        asked.method.preset,
        backbone,
    )


def _render(
    site: Site,
    environment: Environment,
    section: Section,
    row: Row,
    compared: Sequence[tuple[str, str, Pair]],
    history: Sequence[Condition],
    rankings: Rankings,
) -> str:
    full = row.full()
    ours = rankings.of(row, full)
    shown = [
        Shown(
            key,
            what,
            pair,
            pair.largest(LARGEST, ours, rankings.of(pair.theirs)),
            Markup(bars(pair.differences, f"bars-{key}", f"Difference to {what}, topic by topic")),
        )
        for key, what, pair in compared
    ]
    year = row.machine.started[:4] if row.machine else ""
    return environment.get_template("run.html").render(
        root="../",
        here="",
        section=section,
        row=replace(row, cell=full),
        card=site.cards.get(row.request.method.name),
        files=site.data(row),
        history=history,
        timing=timing(row),
        flops=flops(row.summary) if row.summary else None,
        energy=row.summary.energy_joules if row.summary else None,
        pairs=shown,
        queries=query_rows(full.records, _by_topic(full)),
        bibtex=cite.run(
            identity=row.request.identity,
            what=f"{run_title(row)}: {section_title(section)}",
            year=year,
            version=__version__,
            address=f"{site.base_url}/{addresses.run(row)}" if site.base_url else None,
        ),
    )


def _by_topic(cell: Cell) -> Mapping[str, float]:
    return cell.summary.metrics.per_query.get(PRIMARY, {}) if cell.summary else {}


def query_rows(records: Sequence[QueryRecord], by_topic: Mapping[str, float]) -> Markup:
    """The lines of the table of queries. Not by a template: there may be thousands, on each of thousands of pages."""
    return Markup("\n".join(_query_row(record, by_topic.get(record.qid)) for record in records))


def _query_row(record: QueryRecord, value: float | None) -> str:
    quality = '<td class="number" data-v="">–</td>'
    if value is not None:
        quality = f'<td class="number" data-v="{value}">{text.score(value)}</td>'
    return (
        f'<tr{_FAILED if record.failure else ""}><th scope="row">{escape(record.qid)}</th>{quality}'
        f'<td class="number" data-v="{record.seconds}">{text.seconds(record.seconds)}</td>'
        f'<td class="number" data-v="{record.prompt_tokens}">{record.prompt_tokens:,}</td>'
        f'<td class="number" data-v="{record.completion_tokens}">{record.completion_tokens:,}</td>'
        f'<td class="remarks">{_remarks(record)}</td></tr>'
    )


def _remarks(record: QueryRecord) -> str:
    if record.failure:
        return f'<span class="badge">{escape(record.failure.type)}</span> {escape(record.failure.message)}'
    if record.malformed:
        faults = escape(", ".join(record.faults).replace("_", " "))
        return f"{record.malformed} of {text.plural(record.answers, 'answer')} malformed ({faults})"
    return '<span class="quiet">warm-up</span>' if record.warm_up else ""


def _tables(row: Row) -> list[DataTable]:
    """The table of queries as data."""
    full = row.full()
    by_topic = _by_topic(full)
    columns = ("query", PRIMARY, "seconds", "prompt tokens", "written tokens", "forward passes", "failure")
    rows = tuple(
        (
            record.qid,
            by_topic.get(record.qid),
            record.seconds,
            record.prompt_tokens,
            record.completion_tokens,
            record.forward_passes,
            f"{record.failure.type}: {record.failure.message}" if record.failure else None,
        )
        for record in full.records
    )
    return [DataTable(f"queries-{row.page}", run_title(row), columns, rows)] if rows else []
