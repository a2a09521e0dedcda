"""Whether a cell can be ranked, and if not, why. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from benchmark.harness.record import QueryRecord
from benchmark.harness.store import Cell
from leaderboard import text

Status = Literal["complete", "incomplete", "failed"]


def status(cell: Cell, identity: str, metric: str, expected: int | None) -> tuple[Status, str | None]:
    """What a cell is worth, and for one that is not complete the reason in a sentence.

    Args:
        identity: of its request; metric: what the summary must hold.
        expected: number of queries of its collection, where it is known.
    """
    summary = cell.summary
    if summary is None:
        return "failed" if cell.failure else "incomplete", _why_incomplete(cell, expected)
    if summary.identity != identity:
        return "incomplete", "Its summary belongs to another request. Run it again."
    if summary.queries and summary.failed >= summary.queries:
        many = text.plural(summary.queries, "query", "queries")
        return "failed", f"All {many} failed{_last_failure(cell.records)}."
    if metric not in summary.metrics.mean:
        return "incomplete", f"Its summary has no {metric}."
    return "complete", None


def _why_incomplete(cell: Cell, expected: int | None) -> str:
    done = len(cell.records)
    if cell.failure is not None:
        whole = f" of {expected:,}" if expected is not None else ""
        kind = "" if cell.failure.kind in ("killed", "ended") else f"{cell.failure.kind}: "
        return f"Failed after {done:,}{whole} queries: {kind}{cell.failure.message.removesuffix('.')}."
    if done == 0:
        return "Started, but no query is finished." if cell.machine else "Not started."
    whole = f" of {expected:,}" if expected is not None else ""
    left = "; the summary is missing" if expected is not None and done >= expected else ""
    return f"{done:,}{whole} queries finished{left}{_last_failure(cell.records)}."


def _last_failure(records: Sequence[QueryRecord]) -> str:
    failures = [record.failure for record in records if record.failure]
    if not failures:
        return ""
    last = f"{failures[-1].type}: {failures[-1].message.removesuffix('.')}"
    if len(failures) == len(records):
        return f"; the last one with {last}"
    return f", {len(failures):,} with a failure; the last one is {last}"
