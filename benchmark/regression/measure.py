"""Run a condition and compare it with what is expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice

from benchmark.collections import catalogue as collections
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.harness.plan import Planned, Prepare, plan
from benchmark.harness.provenance import processor
from benchmark.harness.record import QueryRecord
from benchmark.harness.rerun import rerun
from benchmark.regression.record import Band, Change, Condition, Expected, Measured
from benchmark.suites import Suite, SuiteCollection, SuiteMethod

TOLERANCE = 1e-4
"""Of scores, as a share of the largest absolute one of their query."""
BAND = (0.5, 1.5)
"""Peak memory may lie between these multiples of what was measured."""
SLACK = 16.0
"""Mebibytes that it may lie outside besides: the allocator's own."""
MEBI = 1 << 20


@dataclass
class Outcome:
    """What a condition came to.

    Attributes:
        changes: every value that is not as expected; empty: it passes.
        ratio: seconds over those of the reference, None where it was made on another processor or too short to tell.
    """

    condition: Condition
    measured: Expected
    changes: list[str] = field(default_factory=list)
    ratio: float | None = None


def planned(condition: Condition, prepare: Prepare) -> Planned:
    """The cell the condition is a part of."""
    suite = Suite(
        name="demo",
        title="Regression",
        description="One condition of the ledger.",
        methods=(SuiteMethod(method=condition.method, preset=condition.preset, options=condition.options),),
        backbones=(condition.backbone,) if condition.backbone else (),
        collections=(SuiteCollection(collection=condition.collection, split=condition.split),),
        depth=(condition.depth,),
    )
    (cell,) = plan(suite, prepare)
    return cell


def measure(condition: Condition, prepare: Prepare, threads: int) -> Expected:
    """Run the condition's topics in this process."""
    collection = collections.find(condition.collection, condition.split)
    qids = [topic.qid for topic in islice(collection.topics(), condition.topics)]
    records, _ = rerun(planned(condition, prepare), qids, threads)
    return summed(records)


def summed(records: Sequence[QueryRecord]) -> Expected:
    """Records as expected values."""
    peaks = [record.peak_memory_bytes for record in records if record.peak_memory_bytes is not None]
    peak = max(peaks, default=None)
    return Expected(
        scores={
            record.qid: None
            if record.scores is None
            else {docid: _digits(score) for docid, score in zip(record.docids, record.scores, strict=True)}
            for record in records
        },
        prompt_tokens=sum(record.prompt_tokens for record in records),
        completion_tokens=sum(record.completion_tokens for record in records),
        forward_passes=sum(record.forward_passes for record in records),
        peak_memory=None if peak is None else _band(peak / MEBI),
        seconds=round(sum(record.seconds for record in records), 3),
        processor=processor(),
    )


def compare(condition: Condition, measured: Expected) -> Outcome:
    """Everything that is not as expected; a condition that was never measured has no expectation to meet, and fails."""
    outcome = Outcome(condition, measured)
    expected = condition.expected
    if expected is None:
        outcome.changes.append("was never measured: rerankbench regress --update --reason ...")
        return outcome
    if expected.scores.keys() != measured.scores.keys():
        outcome.changes.append("other topics")
    for qid in expected.scores.keys() & measured.scores.keys():
        outcome.changes += _scores(qid, expected.scores[qid], measured.scores[qid])
    for name in ("prompt_tokens", "completion_tokens", "forward_passes"):
        before, after = getattr(expected, name), getattr(measured, name)
        if before != after:
            outcome.changes.append(f"{name.replace('_', ' ')}: {before} became {after}")
    outcome.changes += _memory(expected.peak_memory, measured.peak_memory)
    if expected.processor == measured.processor and expected.seconds > 0.1:
        outcome.ratio = measured.seconds / expected.seconds
    return outcome


def updated(condition: Condition, measured: Expected, reason: str, today: date) -> Condition:
    """The condition with what was measured as expected from now on, and why."""
    change = Change(date=today, reason=reason, measured=in_short(condition, measured))
    return condition.model_copy(update={"expected": measured, "history": (*condition.history, change)})


def in_short(condition: Condition, measured: Expected) -> Measured:
    """Expected values as the history keeps them; a failed topic counts 0."""
    collection = collections.find(condition.collection, condition.split)
    qrels = collection.qrels()
    rankings = {qid: _best_first(scores or {}) for qid, scores in measured.scores.items()}
    judged = {qid: qrels[qid] for qid in rankings if qid in qrels}
    values = mean(evaluate(rankings, judged, relevant_from=collection.relevant_from)) if judged else {}
    return Measured(
        ndcg10=round(values["nDCG@10"], 6) if judged else None,
        tokens=measured.prompt_tokens + measured.completion_tokens,
        forward_passes=measured.forward_passes,
        peak_memory=measured.peak_memory.measured if measured.peak_memory else None,
        seconds=measured.seconds,
        processor=measured.processor,
    )


def _best_first(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda docid: -scores[docid])


def _scores(qid: str, before: dict[str, float] | None, after: dict[str, float] | None) -> list[str]:
    if before is None or after is None:
        return [] if before is after else [f"'{qid}': {'no longer fails' if before is None else 'fails'}"]
    if before.keys() != after.keys():
        return [f"'{qid}': other candidates"]
    unit = max(map(abs, before.values()), default=0.0) or 1.0
    worst = max(before, key=lambda docid: abs(before[docid] - after[docid]), default=None)
    if worst is None or abs(before[worst] - after[worst]) <= TOLERANCE * unit:
        return []
    return [f"'{qid}': score of '{worst}': {before[worst]:g} became {after[worst]:g}"]


def _memory(before: Band | None, after: Band | None) -> list[str]:
    if before is None or after is None:
        return [] if before is after else ["peak memory: measured only once"]
    peak = after.measured
    if before.low - SLACK <= peak <= before.high + SLACK:
        return []
    return [f"peak memory: {peak:.0f} MiB, expected {before.low:.0f} to {before.high:.0f}"]


def _band(mebibytes: float) -> Band:
    return Band(measured=round(mebibytes, 1), low=round(mebibytes * BAND[0], 1), high=round(mebibytes * BAND[1], 1))


def _digits(score: float) -> float:
    return float(f"{score:.6g}")
