"""What a row costs, over all of its runs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from benchmark.harness.record import Answers, CellSummary
from benchmark.timing.record import Timing
from leaderboard.rows import Row, hardware

Trust = Literal["submitted", "spot-checked", "reproduced", "own run"]
TRUST: tuple[Trust, ...] = ("submitted", "spot-checked", "reproduced", "own run")
"""From the least to the most checked."""


@dataclass(frozen=True)
class Cost:
    """Means over runs, every run counting alike; None where a run does not tell.

    Attributes:
        latency: seconds a query: the median of a timed session, or of the run itself where ``timed`` is False; None
            also where the runs come from different hardware.
        ratio: of the median to the reference's on the same machine; only timed sessions have one.
        memory: peak of all runs in bytes, weights included.
        prompt_tokens, completion_tokens, forward_passes, flops: a query.
        well_formed: share of the answers read; None where the model writes nothing.
        failed, queries: sums.
    """

    latency: float | None = None
    timed: bool = False
    ratio: float | None = None
    memory: int | None = None
    prompt_tokens: float | None = None
    completion_tokens: float | None = None
    forward_passes: float | None = None
    flops: float | None = None
    well_formed: float | None = None
    failed: int = 0
    queries: int = 0


def summed(rows: Sequence[Row]) -> Cost:
    """The cost of complete runs of one row."""
    pairs = [(row, row.summary) for row in rows if row.summary]
    if not pairs:
        return Cost()
    summaries = [summary for _, summary in pairs]
    sessions = [session for row, _ in pairs if (session := timing(row))]
    timed = len(sessions) == len(pairs)
    # A session may run on another machine than the run did.
    run_on = {place for row, _ in pairs for place in ran_on(row)}
    places = {hardware(session.machine) for session in sessions} if timed else run_on
    alike = len(places) == 1
    own = [summary.latency.median if summary.latency else None for summary in summaries]
    peaks = [peak_memory(summary) for summary in summaries]
    answers = [summary.answers for summary in summaries if summary.answers]
    return Cost(
        latency=_mean([session.median for session in sessions] if timed else own) if alike else None,
        timed=timed and alike,
        ratio=_mean([session.ratio for session in sessions]) if timed and alike else None,
        memory=max((peak for peak in peaks if peak is not None), default=None),
        prompt_tokens=_of(summaries, lambda summary: summary.cost.prompt_tokens),
        completion_tokens=_of(summaries, lambda summary: summary.cost.completion_tokens),
        forward_passes=_of(summaries, lambda summary: summary.cost.forward_passes),
        flops=_of(summaries, flops),
        well_formed=_well_formed(answers),
        failed=sum(summary.failed for summary in summaries),
        queries=sum(summary.queries for summary in summaries),
    )


def _well_formed(answers: Sequence[Answers]) -> float | None:
    read = sum(each.read for each in answers)
    return 1 - sum(each.malformed for each in answers) / read if read else None


def timing(row: Row) -> Timing | None:
    """The timed session of a run; None where there was none."""
    return row.cell.timing


def ran_on(row: Row) -> set[str]:
    """Hardware of every worker that had a part in a run."""
    return {hardware(machine) for machine in (row.machine, *row.cell.sessions) if machine}


def flops(summary: CellSummary) -> float | None:
    """Floating-point operations a query, where they were estimated."""
    return summary.cost.flops


def peak_memory(summary: CellSummary) -> int | None:
    """Most bytes in use, weights included; None where either is not known."""
    memory = summary.memory
    if memory is None or memory.weights is None or memory.peak_above_weights is None:
        return None
    return memory.weights + memory.peak_above_weights


def trust_of(rows: Sequence[Row]) -> Trust:
    """The lowest level among some runs; one without a standing was made by whoever builds the page."""
    levels: set[Trust] = {row.standing.trust if row.standing else "own run" for row in rows}
    return next(level for level in TRUST if level in levels)


def _of(summaries: Sequence[CellSummary], value: Callable[[CellSummary], float | None]) -> float | None:
    return _mean([value(summary) for summary in summaries])


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if len(known) == len(values) and known else None
