"""One page a run: everything that is known of it, and the run beside the first stage and its neighbour in rank.

With the page go the data of its table, the files of the run, and its part of the head-to-head page, since all of them
need the run's lines, which are read once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, Template

from benchmark import __version__
from benchmark.harness.record import QueryRecord
from benchmark.harness.store import LINES, parsed_lines, read_lines
from benchmark.hashing import canonical_json
from benchmark.regression.record import Condition
from leaderboard import addresses, bundle, cite, compare_pages, export, head_to_head, offered, query_table, run_tables
from leaderboard.costs import timing
from leaderboard.output import Content
from leaderboard.pages import Site
from leaderboard.rows import Row, Section
from leaderboard.titles import run_title, section_title
from leaderboard.versus import Pair, Tops, adjacent, comparable, tops

LARGEST = 5
"""Topics that are shown with their rankings."""

_FIRST = "first-stage"


Conditions = tuple[str, str, str | None]
"""Method, preset and backbone."""


@dataclass(frozen=True)
class History:
    """What the regression ledger knows of a method; ``depends`` changes with it."""

    conditions: tuple[Condition, ...]
    depends: str


NO_HISTORY = History((), "")


class Rankings:
    """The first documents of each query, kept for the runs that were asked for last."""

    _KEPT = 4

    def __init__(self) -> None:
        self._kept: dict[str, Tops] = {}

    def of(self, row: Row, records: Sequence[QueryRecord] | None = None) -> Tops:
        """Of one run; its lines are read unless they are given."""
        found = self._kept.pop(row.page, None)
        if found is None:
            found = tops(read_lines(row.cell.folder) if records is None else records)
        self._kept[row.page] = found
        while len(self._kept) > self._KEPT:
            del self._kept[next(iter(self._kept))]
        return found


@dataclass(frozen=True)
class Run:
    """All files of one run; a `leaderboard.pages.Group`.

    Attributes:
        shared: what the pages of its section show besides the runs, as text.
        compared: with which runs it is compared: key, who it is, and the run.
        history: of its method in the regression ledger.
    """

    site: Site
    template: Template
    section: Section
    title: str
    shared: str
    row: Row
    compared: Sequence[tuple[str, str, Row]]
    history: History
    rankings: Rankings

    @property
    def path(self) -> str:
        """Of the page."""
        return addresses.run(self.row)

    @property
    def batch(self) -> str:
        """The runs of a section share their neighbours' rankings."""
        return self.section.anchor

    @property
    def depends(self) -> str:
        """See `leaderboard.pages.Group`."""
        card = self.site.cards.get(self.row.request.method.name)
        others = [part for _, what, other in self.compared for part in (what, other.fingerprint)]
        about = (card.title, card.summary) if card else ()
        return "\n".join((self.row.fingerprint, *others, self.shared, *about, self.history.depends))

    def files(self) -> Mapping[str, Content]:
        """The page, the table of its queries as data, the run's own files, and what the head-to-head page loads."""
        row = self.row
        contents = offered.contents(row.cell.folder, row.files)
        members: dict[str, bundle.Source] = {**contents}
        records = parsed_lines(row.cell.folder, contents.get(LINES, b""))
        by_topic = row.topics.by_topic if row.topics else {}
        found: dict[str, Content] = {self.path: self._render(records, by_topic)}
        if records:
            table = query_table.as_data(run_title(row), records, by_topic)
            as_csv, as_json = export.as_csv(table), export.as_json(table)
            found |= {addresses.query_table(row, "csv"): as_csv, addresses.query_table(row, "json"): as_json}
            members["queries.csv"] = as_csv
        found[addresses.run_data(row)] = bundle.of_run(members.items())
        if compare_pages.is_offered(row):
            found[compare_pages.row_path(row)] = compare_pages.row_script(self.section, row, self.rankings.of(row))
        return found

    def _render(self, records: Sequence[QueryRecord], by_topic: Mapping[str, float]) -> str:
        row, site = self.row, self.site
        ours = self.rankings.of(row, records)
        versus = []
        for key, what, other in self.compared:
            pair = Pair(row, other, row.comparison) if key == _FIRST and row.comparison else self._above()
            largest = pair.largest(LARGEST, ours, self.rankings.of(other))
            versus.append(head_to_head.as_html(key, what, pair, largest))
        session = timing(row)
        return self.template.render(
            root="../",
            here="",
            section=self.section,
            title=self.title,
            row=row,
            card=site.cards.get(row.request.method.name),
            files=run_tables.files(row),
            asked=run_tables.facts(run_tables.asked(row)),
            ran_on=run_tables.facts(run_tables.ran_on(row)),
            hashes=run_tables.facts(run_tables.hashes(row)),
            metrics=run_tables.metrics(self.section, row),
            history=self.history.conditions,
            timing=session,
            timed=run_tables.facts(run_tables.timed(session)) if session else "",
            tiles=run_tables.as_tiles(run_tables.tiles(row)),
            versus=versus,
            other=self.compared[0][2] if versus else None,
            queries=query_table.as_html(records, by_topic),
            query_count=len(records),
            bibtex=cite.run(
                identity=row.identity,
                what=f"{run_title(row)}: {self.title}",
                year=row.machine.started[:4] if row.machine else "",
                version=__version__,
                address=f"{site.base_url}/{self.path}" if site.base_url else None,
            ),
        )

    def _above(self) -> Pair:
        return self.site.neighbours.below(self.section, self.row).turned


def pages(site: Site, environment: Environment) -> Iterator[Run]:
    """The files of every run, best first within its section."""
    rankings = Rankings()
    template = environment.get_template("run.html")
    history = _histories(site.ledger)
    for section in site.sections:
        above = {below.page: other for other, below in adjacent(section)}
        title = section_title(section)
        shared = canonical_json([title, section.anchor, section.metrics, site.base_url])
        for row in section.rows:
            compared = _compared(row, section, above.get(row.page))
            changes = history.get(_conditions(row), NO_HISTORY)
            yield Run(site, template, section, title, shared, row, compared, changes, rankings)


def _compared(row: Row, section: Section, above: Row | None) -> list[tuple[str, str, Row]]:
    """With which runs it is compared: key, who it is, and the run."""
    found = []
    baseline = section.baseline
    if row.comparison and baseline and comparable(row, baseline):
        found.append((_FIRST, "the first stage", baseline))
    if above is not None and not (found and above.is_baseline):
        found.append(("above", "the run ranked just above it", above))
    return found


def _histories(ledger: Sequence[Condition]) -> dict[Conditions, History]:
    found: dict[Conditions, list[Condition]] = {}
    for condition in ledger:
        found.setdefault((condition.method, condition.preset, condition.backbone), []).append(condition)
    return {
        key: History(tuple(alike), canonical_json([each.model_dump(mode="json") for each in alike]))
        for key, alike in found.items()
    }


def _conditions(row: Row) -> Conditions:
    asked = row.request
    return asked.method.name, asked.method.preset, asked.backbone.name if asked.backbone else None
