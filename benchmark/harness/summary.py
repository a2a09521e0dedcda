"""From a cell's lines to its summary and its run file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from benchmark.backbones.meter import Fault, Phase
from benchmark.collections.base import Collection, Hit
from benchmark.evaluation.metrics import evaluate, mean
from benchmark.evaluation.runfile import format_run
from benchmark.evaluation.statistics import bootstrap_interval, percentile
from benchmark.harness.record import (
    Answers,
    CellRequest,
    CellSummary,
    Cost,
    Latency,
    Machine,
    Memory,
    Metrics,
    QueryRecord,
    TrainingOverlap,
)


def summarise(
    request: CellRequest,
    records: Sequence[QueryRecord],
    collection: Collection,
    finished: str,
    weight_bytes: int | None,
    load_seconds: float | None,
    training: Sequence[TrainingOverlap] = (),
    process_peak: int | None = None,
) -> CellSummary:
    """Quality, latency, memory and cost of a complete cell.

    Args:
        records: one a topic.
        finished: UTC, ISO 8601.
        weight_bytes, load_seconds: None for a method without a backbone.
        training: what a fitted method has seen of it.
        process_peak: largest resident set of the worker; None where that is not known any more.
    """
    rankings = {record.qid: [docid for docid, _ in record.ranking()] for record in records}
    values = evaluate(rankings, collection.qrels(), relevant_from=collection.relevant_from)
    timed = [record.seconds for record in records if not record.warm_up and record.failure is None]
    peaks = [record.peak_memory_bytes for record in records if record.peak_memory_bytes is not None]
    preallocated = request.backbone is not None and request.backbone.source == "vllm"
    return CellSummary(
        identity=request.identity,
        finished=finished,
        queries=len(records),
        failed=sum(record.failure is not None for record in records),
        metrics=Metrics(
            mean=mean(values),
            per_query=values,
            interval={name: bootstrap_interval(list(scores.values())) for name, scores in values.items()},
        ),
        latency=Latency(median=percentile(timed, 50), p90=percentile(timed, 90), queries=len(timed)) if timed else None,
        memory=None
        if weight_bytes is None and not preallocated
        else Memory(
            weights=weight_bytes,
            peak_above_weights=max(peaks, default=None),
            process_peak=process_peak,
            preallocated=preallocated,
        ),
        cost=Cost(
            forward_passes=fmean(record.forward_passes for record in records),
            prompt_tokens=fmean(record.prompt_tokens for record in records),
            completion_tokens=fmean(record.completion_tokens for record in records),
            phases=_phases([record for record in records if not record.warm_up and record.failure is None]),
            dollars=_mean_dollars(records),
            flops=_known_mean([record.flops for record in records]),
        ),
        training=tuple(training),
        answers=_answers(records),
        load_seconds=load_seconds,
        energy_joules=_known_mean([record.energy_joules for record in records]),
    )


def _known_mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _phases(timed: Sequence[QueryRecord]) -> dict[Phase, float]:
    """Mean seconds of each phase."""
    names = sorted({phase for record in timed for phase in record.phases})
    return {phase: fmean(record.phases.get(phase, 0.0) for record in timed) for phase in names}


def _mean_dollars(records: Sequence[QueryRecord]) -> float | None:
    charged = [record.dollars for record in records if record.dollars is not None]
    return sum(charged) / len(records) if charged else None


def _answers(records: Sequence[QueryRecord]) -> Answers | None:
    read = sum(record.answers for record in records)
    if not read:
        return None
    faults: Counter[Fault] = Counter()
    for record in records:
        faults.update(record.faults)
    return Answers(read=read, malformed=sum(record.malformed for record in records), faults=dict(faults))


def run_text(request: CellRequest, machine: Machine, records: Sequence[QueryRecord]) -> str:
    """The cell's ranking as a TREC run file with an ir_metadata header; failed queries have no lines in it."""
    tag = f"{request.method.name}-{request.method.preset}"
    rankings = {
        record.qid: [Hit(docid, score) for docid, score in record.ranking()]
        for record in records
        if record.failure is None
    }
    return format_run(rankings, tag, ir_metadata(tag, request, machine))


def ir_metadata(tag: str, request: CellRequest, machine: Machine) -> dict[str, Any]:
    """Header fields of https://www.ir-metadata.org; what it has no field for stands under ``rerankbench``."""
    reranker: dict[str, Any] = {
        "name": tag,
        "method": request.method.name,
        "reranks": request.collection.first_stage,
        "parameters": request.method.options,
    }
    if request.backbone:
        reranker["backbone"] = request.backbone.model_dump(mode="json")
    return {
        "tag": tag,
        "platform": {
            "hardware": {
                "cpu": {"model": machine.processor, "cores": machine.cores},
                "ram": machine.memory_bytes,
            }
            | ({"gpu": {"model": machine.accelerator}} if machine.accelerator else {}),
            "operating system": {"kernel": machine.platform},
            "software": {"libraries": {"python": [f"{name}=={at}" for name, at in machine.packages.items()]}},
        },
        "implementation": {
            "executable": {"cmd": machine.command},
            "source": {"commit": machine.git_commit, "lang": ["python"]},
        },
        "method": {"automatic": True, "retrieval": [reranker]},
        "data": {"test_collection": {"name": request.collection.name, "split": request.collection.split}},
        "rerankbench": {
            "identity": request.identity,
            "git_dirty": machine.git_dirty,
            "driver": machine.driver,
            "container": machine.container,
            "seed": machine.seed,
            "collection": request.collection.model_dump(mode="json"),
        },
    }
