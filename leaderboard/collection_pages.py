"""One page a collection with one split, first stage and depth; and the list of all collections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from jinja2 import Environment, Template

from benchmark import published
from benchmark.collections import catalogue
from benchmark.collections.spec import CollectionSpec
from benchmark.hashing import canonical_json
from leaderboard import addresses, cost_plot, dataset, measured, section_table, versus
from leaderboard.costs import timing
from leaderboard.export import DataTable, Value, table_files
from leaderboard.output import Content
from leaderboard.pages import Group, Page, Site
from leaderboard.rows import PRIMARY, Section
from leaderboard.titles import section_title


@dataclass(frozen=True)
class Entry:
    """A line of the list."""

    name: str
    spec: CollectionSpec | None
    sections: tuple[Section, ...]
    runs: int


def pages(site: Site, environment: Environment) -> Iterator[Group]:
    """The pages of all collections that have runs, and the list of those and the catalogue's."""
    known = catalogue.entries()
    names = sorted({*known, *(section.request.name for section in site.sections)})
    entries = []
    for name in names:
        found = tuple(section for section in site.sections if section.request.name == name)
        entries.append(Entry(name, known.get(name), found, sum(len(section.rows) for section in found)))
    shown = [
        [entry.name, entry.runs, entry.spec and entry.spec.model_dump(mode="json"), [s.anchor for s in entry.sections]]
        for entry in entries
    ]
    listing = environment.get_template("collections.html")
    yield Page(
        addresses.COLLECTIONS,
        canonical_json(shown),
        partial(listing.render, root="", here=addresses.COLLECTIONS, entries=entries),
        lambda: [_listed(entries)],
    )
    template = environment.get_template("collection.html")
    for section in site.sections:
        yield Collection(site, template, section)


def _listed(entries: Sequence[Entry]) -> DataTable:
    rows = []
    for entry in entries:
        spec = entry.spec
        split = spec.splits.get("test") if spec else None
        rows.append(
            (
                entry.name,
                spec.title if spec else None,
                spec.family if spec else None,
                split.queries if split else None,
                split.documents if split else None,
                spec.licence if spec else None,
                entry.runs,
                " ".join(addresses.collection(section) for section in entry.sections) or None,
            )
        )
    columns = ("collection", "title", "family", "topics", "documents", "licence", "runs", "pages")
    return DataTable("collections", "Collections", columns, tuple(rows))


@dataclass(frozen=True)
class Collection:
    """The page of a section with its tables; a `leaderboard.pages.Group`."""

    site: Site
    template: Template
    section: Section

    @property
    def path(self) -> str:
        """Of the page."""
        return addresses.collection(self.section)

    @property
    def batch(self) -> str:
        """With the section's runs, which show the same tests of neighbours."""
        return self.section.anchor

    @property
    def depends(self) -> str:
        """See `leaderboard.pages.Group`."""
        section = self.section
        return canonical_json(
            [
                section.request.model_dump(mode="json"),
                section.spec and section.spec.model_dump(mode="json"),
                section.catalogued,
                [row.fingerprint for row in section.rows],
                {name: [card.title, card.family] for name, card in self.site.cards.items()},
                [str(number) for number in _reported(section)],
            ]
        )

    def files(self) -> Mapping[str, Content]:
        """The page and the data of its tables."""
        section = self.section
        comparison = measured.beside(section.rows, _reported(section))
        plot = cost_plot.of_section(section, section_title(section), self.site.cards)
        pairs = self.site.neighbours.of(section)
        runs, published_data, pairs_data = _runs(section), _published(section, comparison), _pairs(section, pairs)
        html = self.template.render(
            root="../",
            here=addresses.COLLECTIONS,
            section=section,
            table=section_table.of(section, self.site.cards),
            plot=plot,
            comparison=comparison,
            pairs=pairs,
            data=runs,
            published_data=published_data,
            pairs_data=pairs_data,
        )
        return {
            self.path: html,
            **table_files([runs, plot.table, published_data, pairs_data]),
            addresses.lines(section): dataset.lines(section),
        }


def _reported(section: Section) -> list[measured.Reported]:
    """Published numbers of a catalogued collection; papers report test splits."""
    if section.spec is None or not section.catalogued:
        return []
    numbers = measured.first_stages(section.spec, section.request.split)
    if section.request.split == "test":
        numbers += [measured.reported(result) for result in published.of(section.request.name)]
    return numbers


def _runs(section: Section) -> DataTable:
    others = [name for name in section.metrics if name != PRIMARY]
    columns = (
        "rank",
        "method",
        "preset",
        "variant",
        "backbone",
        "status",
        "reason",
        *section.metrics,
        "low",
        "high",
        *(f"{name} {end}" for name in others for end in ("low", "high")),
        "difference to the first stage",
        "p, corrected",
        "latency median",
        "latency p90",
        "ratio",
        "weights",
        "peak above weights",
        "prompt tokens",
        "written tokens",
        "forward passes",
        "well-formed",
        "failed",
        "trust",
        "hardware",
        "started",
        "page",
    )
    rows: list[tuple[Value, ...]] = []
    for row in section.rows:
        summary, session = row.summary, timing(row)
        intervals = summary.metrics.interval if summary else {}
        latency = session or (summary.latency if summary else None)
        memory = summary.memory if summary else None
        cost = summary.cost if summary else None
        rows.append(
            (
                row.rank,
                row.request.method.name,
                row.request.method.preset,
                row.variant,
                row.request.backbone.name if row.request.backbone else None,
                row.status,
                row.reason,
                *(summary.metrics.mean.get(name) if summary else None for name in section.metrics),
                *(end for name in (PRIMARY, *others) for end in intervals.get(name, (None, None))),
                row.comparison.difference if row.comparison else None,
                row.comparison.corrected if row.comparison else None,
                latency.median if latency else None,
                latency.p90 if latency else None,
                session.ratio if session else None,
                memory.weights if memory else None,
                memory.peak_above_weights if memory else None,
                cost.prompt_tokens if cost else None,
                cost.completion_tokens if cost else None,
                cost.forward_passes if cost else None,
                summary.answers.well_formed if summary and summary.answers else None,
                summary.failed if summary else None,
                row.standing.trust if row.standing else "own run",
                row.hardware,
                row.machine.started if row.machine else None,
                addresses.run(row),
            )
        )
    return DataTable(f"runs-{section.anchor}", section_title(section), columns, tuple(rows))


def _published(section: Section, comparison: measured.Comparison) -> DataTable:
    columns = (
        "method",
        "backbone",
        "first stage",
        "depth",
        "published",
        "source",
        "url",
        "run",
        "measured",
        "difference",
    )
    beside = [
        (*_conditions(pair.reported), addresses.run(pair.row), pair.measured, pair.difference)
        for pair in comparison.pairs
    ]
    apart = [(*_conditions(number), None, None, None) for number in comparison.apart]
    title = f"Published {PRIMARY}, 0 to 100: {section_title(section)}"
    return DataTable(f"published-{section.anchor}", title, columns, (*beside, *apart))


def _conditions(number: measured.Reported) -> tuple[Value, ...]:
    return (
        number.method,
        number.backbone,
        number.first_stage,
        number.depth,
        number.value,
        number.source,
        number.url,
    )


def _pairs(section: Section, found: Sequence[versus.Pair]) -> DataTable:
    columns = ("above", "below", "difference", "p", "better", "equal", "worse")
    rows = tuple(
        (
            addresses.run(pair.ours),
            addresses.run(pair.theirs),
            pair.test.difference,
            pair.test.p_value,
            pair.test.wins,
            pair.test.ties,
            pair.test.losses,
        )
        for pair in found
    )
    return DataTable(f"neighbours-{section.anchor}", f"Neighbours in rank: {section_title(section)}", columns, rows)
