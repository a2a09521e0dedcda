"""One page a run: everything that is known of it, and the run beside the first stage and its neighbour in rank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

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
from leaderboard.versus import Pair, Topic, Tops, adjacent, comparable, neighbours, tops

LARGEST = 5
"""Topics that are shown with their rankings."""

_FIRST = "first-stage"
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
        above = {below.page: other for other, below in adjacent(section)}
        tests = cache(partial(_tests, section))
        title = section_title(section)
        for row in section.rows:
            compared = _compared(row, section, above.get(row.page))
            history = [condition for condition in site.ledger if _is_of(condition, row)]
            card = site.cards.get(row.request.method.name)
            depends = [
                [[file.name, file.size, file.sha256] for file in site.data(row)],
                [[what, other.page, [file.sha256 for file in site.data(other)]] for _, what, other in compared],
                [row.page, row.variant, row.status, row.reason, row.rank, row.hardware],
                row.comparison and [row.comparison.p_value, row.comparison.corrected],
                [title, section.metrics],
                card and [card.title, card.summary],
                [condition.model_dump(mode="json") for condition in history],
                site.base_url,
            ]
            yield Page(
                addresses.run(row),
                canonical_json(depends),
                partial(_render, site, environment, section, row, compared, tests, history, rankings),
                partial(_tables, row),
            )


def _tests(section: Section) -> Mapping[str, Pair]:
    """The comparison of each run with the one above it, by its page; made when the first page needs one."""
    return {pair.theirs.page: pair.turned for pair in neighbours(section)}


def _compared(row: Row, section: Section, above: Row | None) -> list[tuple[str, str, Row]]:
    """With which runs it is compared: key, who it is, and the run."""
    found = []
    baseline = section.baseline
    if row.comparison and baseline and comparable(row, baseline):
        found.append((_FIRST, "the first stage", baseline))
    if above is not None and not (found and above.is_baseline):
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
    compared: Sequence[tuple[str, str, Row]],
    tests: Callable[[], Mapping[str, Pair]],
    history: Sequence[Condition],
    rankings: Rankings,
) -> str:
    full = row.full()
    ours = rankings.of(row, full)
    shown = []
    for key, what, other in compared:
        pair = Pair(row, other, row.comparison) if key == _FIRST and row.comparison else tests()[row.page]
        drawn = Markup(bars(pair.differences, f"bars-{key}", f"Difference to {what}, topic by topic"))
        shown.append(Shown(key, what, pair, pair.largest(LARGEST, ours, rankings.of(other)), drawn))
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
