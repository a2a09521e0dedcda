"""``leaderboard.json``: every run with its numbers, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from jinja2 import Environment

from benchmark.harness.record import Answers, BackboneRequest, CollectionRequest, Cost, Latency, Memory, MethodRequest
from benchmark.harness.store import bytes_of, pretty
from benchmark.hashing import canonical_json
from benchmark.schema import Strict
from leaderboard import addresses, costs
from leaderboard.export import LICENCE
from leaderboard.pages import Page, Site
from leaderboard.pages import Refused as NotShown
from leaderboard.rows import Row, Section
from leaderboard.status import Status

SCHEMA_VERSION: Literal[2] = 2
"""Raised when a field changes its meaning."""


class Comparison(Strict):
    """With the first stage, over the same topics."""

    difference: float
    p_value: float
    corrected_p_value: float
    """Corrected for all runs of the same collection, split, first stage and depth."""
    wins: int
    ties: int
    losses: int


class Session(Strict):
    """A timed session; seconds a query."""

    median: float
    p90: float
    ratio: float | None
    """Of the median to that of a bare forward pass over the same tokens."""
    throughput: float | None
    """Queries a second with many at once."""


class File(Strict):
    """A file of a run, in its zip."""

    name: str
    bytes: int
    sha256: str


class Run(Strict):
    """One method with its options on one backbone, one collection and one first stage."""

    identity: str
    page: str
    """Relative to the root of the site."""
    method: MethodRequest
    backbone: BackboneRequest | None
    collection: CollectionRequest
    protocol: int
    status: Status
    reason: str | None
    """Why it is not complete."""
    finished: str | None
    queries: int | None
    failed: int | None
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    """95%, by bootstrap over topics."""
    comparison: Comparison | None
    latency: Latency | None
    """Of the run itself."""
    session: Session | None
    memory: Memory | None
    cost: Cost | None
    answers: Answers | None
    hardware: str | None
    command: str | None
    trust: costs.Trust
    submission: str | None
    flags: tuple[str, ...]
    zip: str
    """With the files, and its table of queries as CSV; relative to the root of the site."""
    files: tuple[File, ...]


class Refused(Strict):
    """A submission that is not shown."""

    name: str
    problems: tuple[str, ...]


class Dataset(Strict):
    """Contents of ``leaderboard.json``."""

    schema_version: Literal[2] = SCHEMA_VERSION
    licence: str = LICENCE
    """Of the numbers (SPDX); run files keep their submitters' licences."""
    runs: tuple[Run, ...]
    refused: tuple[Refused, ...]


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The schema; the data are put together of what the collections' pages come with."""
    del site, environment
    yield Page(addresses.SCHEMA, canonical_json(schema()), lambda: pretty(schema()))


def lines(section: Section) -> str:
    """The runs of a section, one a line."""
    return "".join(f"{run_of(section, row).model_dump_json()}\n" for row in section.rows)


def write(parts: Sequence[str], refused: Sequence[NotShown], out: Path) -> None:
    """Write the whole.

    Args:
        parts: files with the lines of each section.
    """
    found = [Refused(name=each.name, problems=each.problems).model_dump(mode="json") for each in refused]
    between = ""
    with out.open("wb") as stream:
        head = f'{{"schema_version":{SCHEMA_VERSION},"licence":{canonical_json(LICENCE)},'
        stream.write(f'{head}"refused":{canonical_json(found)},\n"runs":['.encode("utf-8", "replace"))
        for part in parts:
            for line in bytes_of(part).splitlines():
                stream.write(f"{between}\n".encode() + line)
                between = ","
        stream.write(b"\n]}\n")


def run_of(section: Section, row: Row) -> Run:
    """One run as a record."""
    summary, session, asked = row.summary, costs.timing(row), row.request
    test = row.comparison
    return Run(
        identity=row.identity,
        page=addresses.run(row),
        method=asked.method,
        backbone=asked.backbone,
        collection=asked.collection,
        protocol=section.protocol,
        status=row.status,
        reason=row.reason,
        finished=summary.finished if summary else None,
        queries=summary.queries if summary else None,
        failed=summary.failed if summary else None,
        metrics=summary.metrics.mean if summary else {},
        intervals=summary.metrics.interval if summary else {},
        comparison=test
        and Comparison(
            difference=test.difference,
            p_value=test.p_value,
            corrected_p_value=test.corrected,
            wins=test.wins,
            ties=test.ties,
            losses=test.losses,
        ),
        latency=summary.latency if summary else None,
        session=session
        and Session(median=session.median, p90=session.p90, ratio=session.ratio, throughput=session.throughput),
        memory=summary.memory if summary else None,
        cost=summary.cost if summary else None,
        answers=summary.answers if summary else None,
        hardware=row.hardware,
        command=row.machine.command if row.machine else None,
        trust=costs.trust_of([row]),
        submission=row.standing.submission if row.standing else None,
        flags=row.standing.flags if row.standing else (),
        zip=addresses.run_data(row),
        files=tuple(File(name=file.name, bytes=file.size, sha256=file.sha256) for file in row.files),
    )


def schema() -> dict[str, object]:
    """JSON Schema (draft 2020-12)."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Dataset.model_json_schema()
