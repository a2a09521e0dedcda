"""Write cell folders as the harness leaves them, with made-up but plausible numbers."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.backbones.meter import Fault
from benchmark.collections import catalogue
from benchmark.evaluation.metrics import METRICS
from benchmark.evaluation.statistics import bootstrap_interval, percentile
from benchmark.harness.record import (
    Answers,
    BackboneRequest,
    CellRequest,
    CellSummary,
    CollectionRequest,
    Cost,
    Failure,
    Latency,
    Machine,
    Memory,
    MethodRequest,
    Metrics,
    QueryRecord,
    TrainingOverlap,
)
from benchmark.timing.record import TimedQuery, Timing

MIB = 2**20
MODEL = "smollm2-135m-instruct"


def digest(text: str) -> str:
    """64 hex digits that look like a hash."""
    return f"{random.Random(text).getrandbits(256):064x}"


def collection(name: str = "demo", split: str = "test", **changes: Any) -> CollectionRequest:
    """The catalogue's collection of that name, or an invented one."""
    spec = catalogue.entries().get(name)
    part = spec.splits[split] if spec else None
    run = part.runs.get("bm25s") if part else None
    values: dict[str, Any] = {
        "name": name,
        "split": split,
        "revision": (part.sha256 if part else None) or digest(name),
        "first_stage": "bm25s",
        "run_sha256": run.sha256 if run else digest(name + "run"),
        "depth": 10,
    }
    return CollectionRequest(**(values | changes))


def request(
    method: str = "icr",
    preset: str = "default",
    options: Mapping[str, Any] | None = None,
    backbone: str | None = MODEL,
    on: CollectionRequest | None = None,
) -> CellRequest:
    """A request; the hashes follow from the names."""
    weights = None
    if backbone:
        weights = BackboneRequest(
            name=backbone,
            source="hub",
            location=f"example/{backbone}",
            revision=digest(backbone),
            dtype="float32",
            engine_sha256=digest("engine"),
        )
    return CellRequest(
        method=MethodRequest(name=method, preset=preset, options=dict(options or {}), source_sha256=digest(method)),
        backbone=weights,
        collection=on or collection(),
    )


def machine(**changes: Any) -> Machine:
    """A small computer."""
    values: dict[str, Any] = {
        "started": "2026-03-01T10:00:00+00:00",
        "command": "rerankbench run demo --method icr --backbone smollm2-135m-instruct --set order=given",
        "python": "3.12.9",
        "platform": "Linux 6.6.0 x86_64",
        "packages": {"torch": "2.9.0", "transformers": "5.23.1", "numpy": "2.4.6"},
        "git_commit": digest("commit")[:40],
        "git_dirty": False,
        "processor": "Example Processor 7000 @ 2.40GHz",
        "cores": 4,
        "threads": 4,
        "memory_bytes": 16 * 1024 * MIB,
        "accelerator": None,
    }
    return Machine(**(values | changes))


def write_cell(
    results: Path,
    asked: CellRequest,
    *,
    quality: float = 0.7,
    seconds: float = 0.8,
    topics: int = 12,
    qids: Sequence[str] | None = None,
    failures: Sequence[int] = (),
    message: str = "the prompt has 9,120 tokens, the model reads 8,192",
    finished: bool = True,
    ran_on: Machine | None = None,
    folder: str | None = None,
    tokens: int = 1650,
    written: int = 0,
    training: Sequence[TrainingOverlap] = (),
    timed_on: Machine | None = None,
    flops: float | None = None,
) -> Path:
    """A cell folder; returns it.

    Args:
        quality: nDCG@10 to scatter topics around; failures: numbers of the topics that fail, with ``message``.
        written: tokens that the model wrote for each query, as three answers of which the first topic's were malformed.
        finished: whether there is a summary and a run file; ran_on: None for `machine()`.
        folder: its name, the request's slug by default; training: what the method has seen of the test data.
        timed_on: where a timed session ran, None for none; flops: a query.
    """
    where = results / (folder or asked.slug)
    where.mkdir(parents=True)
    (where / "request.json").write_text(asked.model_dump_json(indent=1), encoding="utf-8")
    (where / "machine.json").write_text((ran_on or machine()).model_dump_json(indent=1), encoding="utf-8")
    chance = random.Random(asked.identity)
    names = list(qids or [f"q{number:02}" for number in range(1, topics + 1)])
    records = [
        _record(qid, number, chance, seconds, tokens if asked.backbone else 0, message if number in failures else None)
        for number, qid in enumerate(names)
    ]
    if written:
        records = [_wrote(record, written, number == 0) for number, record in enumerate(records)]
    lines = "".join(record.model_dump_json() + "\n" for record in records)
    (where / "queries.jsonl").write_text(lines, encoding="utf-8")
    if finished:
        done = summary(asked, records, quality).model_copy(update={"training": tuple(training)})
        done = done.model_copy(update={"cost": done.cost.model_copy(update={"flops": flops})})
        (where / "summary.json").write_text(json.dumps(done.model_dump(mode="json"), indent=1), encoding="utf-8")
        run = [f"{r.qid} Q0 {d} {n} {s} x\n" for r in records for n, (d, s) in enumerate(r.ranking(), 1)]
        (where / "run.trec").write_text("".join(run), encoding="utf-8")
    if timed_on:
        (where / "timing.json").write_text(timing(asked, records, timed_on).model_dump_json(indent=1), encoding="utf-8")
    return where


def timing(asked: CellRequest, records: Sequence[QueryRecord], ran_on: Machine) -> Timing:
    """A timed session of the first five queries, each in three repeats, a reference after it."""
    queries = tuple(
        TimedQuery(
            qid=record.qid,
            prompt_tokens=record.prompt_tokens,
            seconds=(record.seconds, record.seconds * 1.01, record.seconds * 0.99),
            reference_seconds=(record.seconds / 1.6,) * 3,
            tokenise_seconds=(record.seconds / 100,) * 3,
        )
        for record in records[:5]
    )
    return Timing(
        identity=asked.identity,
        started="2026-03-01T11:00:00+00:00",
        queries=queries,
        repeats=3,
        warm_ups=2,
        load_seconds=1.5,
        machine=ran_on,
        conditions=None,
        throughput=0.9,
        at_once=2,
    )


def summary(asked: CellRequest, records: Sequence[QueryRecord], quality: float) -> CellSummary:
    """A summary whose metrics scatter around ``quality``; topics of the same name are alike in every cell."""
    own = random.Random(asked.identity)
    per_query: dict[str, dict[str, float]] = {}
    for name in METRICS:
        per_query[name] = {}
        for record in records:
            ease = random.Random(record.qid).uniform(-0.25, 0.25)
            value = min(1.0, max(0.0, quality + ease + own.uniform(-0.12, 0.12)))
            per_query[name][record.qid] = 0.0 if record.failure else value
    timed = [record.seconds for record in records if not record.warm_up and not record.failure]
    passes = [record.forward_passes for record in records]
    return CellSummary(
        identity=asked.identity,
        finished="2026-03-01T10:05:12+00:00",
        queries=len(records),
        failed=sum(record.failure is not None for record in records),
        metrics=Metrics(
            mean={name: sum(values.values()) / len(values) for name, values in per_query.items()},
            per_query=per_query,
            interval={
                name: bootstrap_interval(list(values.values()), samples=200) for name, values in per_query.items()
            },
        ),
        latency=Latency(median=percentile(timed, 50), p90=percentile(timed, 90), queries=len(timed)) if timed else None,
        memory=Memory(weights=513 * MIB, peak_above_weights=int(own.uniform(90, 600) * MIB))
        if asked.backbone
        else None,
        cost=Cost(
            forward_passes=sum(passes) / len(passes),
            prompt_tokens=sum(record.prompt_tokens for record in records) / len(records),
            completion_tokens=sum(record.completion_tokens for record in records) / len(records),
        ),
        answers=_answers(records),
        load_seconds=1.9 if asked.backbone else None,
    )


def demo_results(results: Path) -> None:
    """A results folder as a look at the page needs it: several families, an incomplete and a failed cell."""
    write_cell(results, request("first-stage", backbone=None), quality=0.66, seconds=0.000004, topics=35)
    rows: list[tuple[str, str, float, float]] = [
        ("icr", "default", 0.64, 0.91),
        ("icr", "reversed", 0.78, 0.93),
        ("icr", "paper", 0.77, 0.97),
        ("core", "default", 0.70, 0.88),
        ("core", "reversed", 0.79, 0.90),
        ("listwise-generation", "default", 0.61, 6.2),
        ("listwise-first-token", "default", 0.63, 0.85),
        ("query-likelihood", "default", 0.69, 2.4),
        ("pointwise-relevance", "default", 0.58, 2.1),
    ]
    for method, preset, quality, seconds in rows:
        asked = request(method, preset, {"order": "reversed" if preset != "default" else "given", "window": None})
        failures = (4, 9, 11) if method == "listwise-generation" else ()
        written = 96 if method == "listwise-generation" else 0
        write_cell(
            results,
            asked,
            quality=quality,
            seconds=seconds,
            topics=35,
            failures=failures,
            written=written,
            timed_on=machine() if method in ("icr", "core") else None,
            flops=2.5e11 * seconds,
        )
    write_cell(results, request("setwise"), topics=21, finished=False)
    write_cell(results, request("pairwise"), topics=35, failures=range(35))


def _answers(records: Sequence[QueryRecord]) -> Answers | None:
    read = sum(record.answers for record in records)
    faults: dict[Fault, int] = {"missing": 3, "cut": 1}
    return Answers(read=read, malformed=3, faults=faults) if read else None


def _wrote(record: QueryRecord, written: int, malformed: bool) -> QueryRecord:
    changes: dict[str, Any] = {"completion_tokens": written, "answers": 3}
    if malformed:
        changes |= {"malformed": 3, "faults": {"missing": 3, "cut": 1}}
    return record.model_copy(update=changes)


def _record(
    qid: str, number: int, chance: random.Random, seconds: float, tokens: int, message: str | None
) -> QueryRecord:
    docids = tuple(f"d{place}" for place in range(10))
    return QueryRecord(
        qid=qid,
        docids=docids,
        scores=None if message else tuple(chance.random() for _ in docids),
        failure=Failure(type="QueryError", message=message) if message else None,
        seconds=seconds * chance.uniform(0.7, 1.5),
        prompt_tokens=int(tokens * chance.uniform(0.8, 1.2)),
        completion_tokens=0,
        forward_passes=2 if tokens else 0,
        peak_memory_bytes=None,
        warm_up=number < 3,
    )
