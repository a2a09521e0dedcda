"""Entries into sections: what may be compared, ranked and tested against the first stage. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from benchmark.collections.spec import CollectionSpec, RunSpec
from benchmark.evaluation.metrics import METRICS
from benchmark.evaluation.multiple import Against, against
from benchmark.harness.record import CollectionRequest
from leaderboard.forks import spread
from leaderboard.reading import Entry
from leaderboard.rows import PRIMARY, Row, Section, hardware
from leaderboard.safe import safe_name
from leaderboard.status import status
from leaderboard.variants import Variants

MANY = 2000
"""Rows from which on other processes are worth their start."""


def sections(entries: Iterable[Entry], catalogue: Mapping[str, CollectionSpec], jobs: int = 1) -> tuple[Section, ...]:
    """All sections, by collection, split, first stage and depth.

    The order of ``entries`` does not matter, and a run that is given twice is shown once.

    Args:
        entries: of any number of results folders.
        catalogue: what is known about collections, by name.
        jobs: processes.
    """
    groups: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in _numbered(_distinct(entries)):
        groups[row.request.protocol, row.request.collection.model_dump_json()].append(row)
    named = Variants()
    found = [_section(rows, catalogue.get(rows[0].request.collection.name), named) for rows in groups.values()]
    parts = jobs if sum(len(section.rows) for section in found) > MANY else 1
    tests: dict[int, dict[int, Against]] = {}
    for tested in spread(lambda part: {at: _tests(found[at]) for at in range(part, len(found), parts)}, parts, parts):
        tests |= tested
    found = [replace(section, rows=_ranked(section.rows, tests[at])) for at, section in enumerate(found)]
    return tuple(
        sorted(
            found,
            key=lambda section: (
                section.request.name,
                section.request.split,
                section.request.first_stage,
                section.request.depth,
                section.anchor,
            ),
        )
    )


def _section(rows: Sequence[Row], spec: CollectionSpec | None, named: Variants) -> Section:
    request = rows[0].request.collection
    split = spec.splits.get(request.split) if spec else None
    run = split.runs.get(request.first_stage) if split else None
    # The catalogue does not pin every collection's contents: libraries pin their downloads, and runs may be built.
    catalogued = split is not None and split.sha256 in (None, request.revision)
    expected = split.queries if split is not None and catalogued else None
    ordered = tuple(sorted(_judged(rows, expected, named), key=_best_first))
    return Section(
        request=request,
        protocol=rows[0].request.protocol,
        spec=spec,
        catalogued=catalogued and _known_run(spec, run, request),
        rows=ordered,
        metrics=_in_order({name for row in ordered if row.summary for name in row.summary.metrics.mean}),
        hardware=tuple(sorted({row.hardware for row in ordered if row.hardware})),
    )


def _known_run(spec: CollectionSpec | None, run: RunSpec | None, request: CollectionRequest) -> bool:
    """Whether the candidates are pinned ones, or the default run where that is built on each machine."""
    if run is not None:
        return run.sha256 == request.run_sha256
    return spec is not None and request.first_stage == spec.first_stage


def _judged(rows: Sequence[Row], expected: int | None, named: Variants) -> Iterator[Row]:
    """The rows with what their cells are worth, and what sets those of the same name apart."""
    for row, variant in zip(rows, _variants(rows, named), strict=True):
        state, reason = status(row.cell, row.identity, PRIMARY, expected)
        yield replace(row, status=state, reason=reason, variant=variant)


def _in_order(names: set[str]) -> tuple[str, ...]:
    """Known metrics in their order, then the others by name."""
    return (*(name for name in METRICS if name in names), *sorted(names - set(METRICS)))


def _distinct(entries: Iterable[Entry]) -> list[Entry]:
    found: dict[tuple[str, ...], Entry] = {}
    # Of a run that was also submitted, the submission is shown.
    for entry in sorted(entries, key=lambda entry: entry.cell.standing is None):
        found.setdefault(entry.key, entry)
    return [found[key] for key in sorted(found)]


def _numbered(entries: Sequence[Entry]) -> list[Row]:
    """Rows with page names; one request that ran several times gets ``-2``, ``-3``, ... by time."""
    seen: Counter[str] = Counter()
    rows = []
    for entry in sorted(entries, key=lambda entry: entry.cell.machine.started if entry.cell.machine else ""):
        cell = entry.cell
        page = safe_name(cell.request.slug_with(entry.identity))
        seen[page.lower()] += 1
        number = seen[page.lower()]
        place = hardware(cell.machine) if cell.machine else None
        name = page if number == 1 else f"{page}-{number}"
        rows.append(
            Row(
                cell,
                entry.identity,
                name,
                "",
                "complete",
                None,
                hardware=place,
                topics=entry.topics,
                files=entry.files,
            )
        )
    return rows


def _variants(rows: Sequence[Row], named: Variants) -> list[str]:
    alike: dict[tuple[str, str, str], list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        backbone = row.request.backbone.name if row.request.backbone else ""
        alike[row.request.method.name, row.request.method.preset, backbone].append(place)
    found = [""] * len(rows)
    for places in alike.values():
        if len(places) > 1:
            requests = [rows[place].request for place in places]
            names = named.of([(request.method, request.backbone) for request in requests])
            for place, name in zip(places, names, strict=True):
                found[place] = name
    return found


def _best_first(row: Row) -> tuple[bool, float, str, str]:
    """Rows by falling score, then those without one; names break ties of the order, not of the rank."""
    return row.score is None, -(row.score or 0.0), row.name, row.page


def _tests(section: Section) -> dict[int, Against]:
    """Each ranked row's difference to the baseline, by its place, where both were measured on the same topics."""
    baseline = section.baseline
    theirs = baseline.topics if baseline else None
    if theirs is None:
        return {}
    compared = [
        (place, row.topics.values)
        for place, row in enumerate(section.rows)
        if row.summary and not row.is_baseline and row.topics and row.topics.qids == theirs.qids
    ]
    if not compared:
        return {}
    found = against(np.stack([values for _, values in compared], axis=1), theirs.values)
    return {place: comparison for (place, _), comparison in zip(compared, found, strict=True)}


def _ranked(rows: Sequence[Row], tests: Mapping[int, Against]) -> tuple[Row, ...]:
    """The rows, best first, with their ranks and tests; equal scores share a rank."""
    out: list[Row] = []
    for place, row in enumerate(rows):
        tied = bool(out) and out[-1].score == row.score
        rank = None if row.score is None else out[-1].rank if tied else place + 1
        out.append(replace(row, rank=rank, comparison=tests.get(place)))
    return tuple(out)
