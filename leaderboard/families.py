"""Sections into tables of families: methods with their options on a backbone, over all of its collections. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmark.backbones.spec import BackboneSpec
from benchmark.collections.spec import CollectionSpec
from benchmark.harness.record import BackboneRequest
from benchmark.hashing import canonical_json, sha256_json
from leaderboard.costs import ran_on, summed, timing, trust_of
from leaderboard.family import Column, FamilyRow, FamilyTable, Score
from leaderboard.ranking import ranked
from leaderboard.rows import Row, Section, hardware
from leaderboard.safe import safe_name
from leaderboard.variants import variants
from methods.card import Card

ORDER = ("BEIR", "TREC DL", "BRIGHT", "BRIGHT (long)", "NanoBEIR", "Novel")
"""Families that come first; then others by name, then what only demonstrates or is in no catalogue."""
LAST = ("Demo", "Other")

PARTS = {"beir-cqadupstack-": "CQADupStack"}
"""Collections whose name begins so are parts of one, as everywhere in the literature on BEIR."""

SIZES = ((1e9, "below 1B"), (4e9, "1B to 4B"), (10e9, "4B to 10B"), (float("inf"), "10B and more"))
"""Bands of parameters, by their upper end."""


@dataclass
class _Draft:
    """Sections that will be one table."""

    columns: dict[str, list[Section]] = field(default_factory=lambda: defaultdict(list))
    held: set[tuple[str, str]] = field(default_factory=set)


def families(
    sections: Iterable[Section],
    cards: Mapping[str, Card],
    catalogue: Mapping[str, CollectionSpec],
    backbones: Mapping[str, BackboneSpec],
    jobs: int = 1,
) -> tuple[FamilyTable, ...]:
    """Every table, in the order of `ORDER`.

    Sections go together that have the same family, split, first stage, depth, rules and protocol. Where a collection
    has two such sections (other judgements or candidates), the catalogue's is in the first table and the other one in
    a table of its own.
    """
    drafts: dict[tuple[str, ...], list[_Draft]] = defaultdict(list)
    for section in sorted(sections, key=lambda section: (not section.catalogued, -len(section.rows), section.anchor)):
        asked = section.request
        key = (family_of(section.spec), asked.split, asked.first_stage, f"{asked.depth:06}")
        rest = (asked.rules.model_dump_json(), f"{section.protocol:04}")
        name = asked.name
        draft = next((draft for draft in drafts[*key, *rest] if (name, asked.split) not in draft.held), None)
        if draft is None:
            draft = _Draft()
            drafts[*key, *rest].append(draft)
        draft.held.add((name, asked.split))
        draft.columns[_column_title(section)].append(section)
    tables = []
    for group in sorted(drafts, key=lambda group: (_place(group[0]), *group[1:])):
        for number, draft in enumerate(drafts[group], 1):
            known = {_part(spec.name) or spec.name for spec in catalogue.values() if family_of(spec) == group[0]}
            tables.append(_table(group, number, draft, len(known), cards, backbones))
    rows = ranked([(table.rows, table.columns) for table in tables], jobs)
    return tuple(replace(table, rows=best_first) for table, best_first in zip(tables, rows, strict=True))


def family_of(spec: CollectionSpec | None) -> str:
    """Family of a collection; BRIGHT's whole pages are not averaged with its passages."""
    if spec is None:
        return "Other"
    return f"{spec.family} (long)" if spec.family == "BRIGHT" and spec.name.endswith("-long") else spec.family


def _place(family: str) -> tuple[int, str]:
    order = (*ORDER, None, *LAST)
    return order.index(family if family in order else None), family


def _part(name: str) -> str | None:
    return next((title for prefix, title in PARTS.items() if name.startswith(prefix)), None)


def _column_title(section: Section) -> str:
    return _part(section.request.name) or (section.spec.title if section.spec else section.request.name)


def _table(
    key: tuple[str, ...],
    number: int,
    draft: _Draft,
    known: int,
    cards: Mapping[str, Card],
    backbones: Mapping[str, BackboneSpec],
) -> FamilyTable:
    family, split, first_stage, depth, *_ = key
    columns = tuple(
        Column(title, tuple(sorted(parts, key=lambda section: section.request.name)))
        for title, parts in sorted(draft.columns.items(), key=lambda item: item[0].lower())
    )
    rows = _named([_row(found, columns, cards, backbones) for found in _grouped(columns)])
    anchor = safe_name(f"{family}-{split}-{first_stage}-{int(depth)}".lower().replace(" ", "-"))
    suffix = f"-{sha256_json([*key, number])[:6]}"
    return FamilyTable(
        anchor=anchor + suffix,
        family=family,
        split=split,
        first_stage=first_stage,
        depth=int(depth),
        known=known,
        columns=columns,
        rows=tuple(rows),
    )


def _grouped(columns: Sequence[Column]) -> list[dict[str, Row]]:
    """Runs of one row each, by the section's anchor.

    Where a section holds two runs of the same method, options and backbone, those on different hardware become
    different rows, and of those on the same one the last that is complete counts.
    """
    alike: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    known: dict[tuple[int, int], str] = {}
    for column in columns:
        for section in column.sections:
            for row in section.rows:
                # Rows share what they have in common as the same objects.
                parts = id(row.request.method), id(row.request.backbone)
                if parts not in known:
                    known[parts] = _configuration(row)
                alike[known[parts]][section.anchor].append(row)
    out = []
    for by_section in alike.values():
        machines: Sequence[str | None] = [None]
        if any(len(rows) > 1 for rows in by_section.values()):
            machines = sorted({row.hardware or "" for rows in by_section.values() for row in rows})
        for machine in machines:
            found = {
                anchor: max(chosen, key=_standing_of)
                for anchor, rows in by_section.items()
                if (chosen := [row for row in rows if machine is None or (row.hardware or "") == machine])
            }
            if found:
                out.append(found)
    return out


def _configuration(row: Row) -> str:
    """What rows of a family have in common besides the collection; the code's version is left out."""
    method, backbone = row.request.method, row.request.backbone
    weights = backbone.model_dump_json(exclude={"engine_sha256"}) if backbone else ""
    return canonical_json([method.name, method.preset, method.options, method.artefacts, weights])


def _standing_of(row: Row) -> tuple[bool, str, str]:
    return row.summary is not None, row.summary.finished if row.summary else "", row.page


def _row(
    found: Mapping[str, Row],
    columns: Sequence[Column],
    cards: Mapping[str, Card],
    backbones: Mapping[str, BackboneSpec],
) -> FamilyRow:
    rows = list(found.values())
    asked = rows[0].request
    complete = [row for row in rows if row.summary]
    card = cards.get(asked.method.name)
    machines = {place for row in rows for place in ran_on(row)}
    machines |= {hardware(session.machine) for row in rows if (session := timing(row))}
    return FamilyRow(
        key=f"r{sha256_json([_configuration(rows[0]), sorted(machines)])[:10]}",
        method=asked.method,
        backbone=asked.backbone,
        title=card.title if card else asked.method.name,
        kind=card.family if card else "unknown",
        size=size_of(asked.backbone, backbones),
        scores=tuple(_score(column, found) for column in columns),
        cost=summed(complete),
        trust=trust_of(rows),
        date=max((row.summary.finished[:10] for row in complete if row.summary), default=""),
        hardware=tuple(sorted(machines)),
    )


def size_of(backbone: BackboneRequest | None, backbones: Mapping[str, BackboneSpec]) -> str:
    """Band of a backbone's parameters."""
    if backbone is None:
        return "no model"
    spec = backbones.get(backbone.name)
    if spec is None or spec.parameters is None:
        return "unknown"
    return next(name for end, name in SIZES if spec.parameters < end)


def _score(column: Column, found: Mapping[str, Row]) -> Score:
    pairs = [(section, found[section.anchor]) for section in column.sections if section.anchor in found]
    rows = tuple(row for _, row in pairs)
    if not rows:
        return Score(None, "not run", ())
    for section, row in pairs:
        if row.topics is None or row.score is None:
            return Score(None, f"{row.status}: {row.reason}", rows)
        if row.topics.qids != section.qids:
            return Score(None, f"other topics: {len(row.topics.qids)} that are not those of most rows", rows)
    if len(rows) < len(column.sections):
        return Score(None, f"partly: {len(rows)} of {len(column.sections)} parts were run", rows)
    return Score(sum(row.score or 0.0 for row in rows) / len(rows), "", rows)


def _named(rows: Sequence[FamilyRow]) -> list[FamilyRow]:
    """Rows with what sets them apart from others of their name."""
    alike: dict[tuple[str, str, str], list[FamilyRow]] = defaultdict(list)
    for row in rows:
        alike[row.method.name, row.method.preset, row.backbone.name if row.backbone else ""].append(row)
    out = []
    for siblings in alike.values():
        told = [
            {
                "method": row.method.model_dump(mode="json", exclude={"source_sha256"}),
                "backbone": row.backbone.model_dump(mode="json", exclude={"engine_sha256"}) if row.backbone else {},
            }
            for row in siblings
        ]
        out += [replace(row, variant=name) for row, name in zip(siblings, variants(told), strict=True)]
    return out
