"""Requests and records as a run would make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.harness import provenance
from benchmark.harness.record import (
    BackboneRequest,
    CellRequest,
    CollectionRequest,
    Failure,
    Machine,
    MethodRequest,
    QueryRecord,
)
from benchmark.timing.record import TimedQuery, Timing


def cell_request(backbone: bool = False, **method: Any) -> CellRequest:
    return CellRequest(
        method=MethodRequest(**{"name": "icr", "preset": "default", "options": {}, "source_sha256": "aa"} | method),
        backbone=BackboneRequest(
            name="owner/model",
            source="hub",
            location="owner/model",
            revision="12",
            dtype="float32",
            engine_sha256="bb",
        )
        if backbone
        else None,
        collection=CollectionRequest(
            name="town", split="test", revision="cc", first_stage="bm25", run_sha256="dd", depth=4
        ),
    )


def query_record(qid: str = "q1", *scores: float, failure: str | None = None, **changes: Any) -> QueryRecord:
    """Candidates d0, d1, ... with these scores."""
    values: dict[str, Any] = {
        "qid": qid,
        "docids": tuple(f"d{number}" for number in range(len(scores) or 2)),
        "scores": scores if failure is None else None,
        "failure": Failure(type="QueryError", message=failure) if failure else None,
        "seconds": 0.5,
        "prompt_tokens": 10,
        "completion_tokens": 0,
        "forward_passes": 2,
        "peak_memory_bytes": None,
        "warm_up": False,
    }
    return QueryRecord(**values | changes)


def machine(command: str = "rerankbench run small") -> Machine:
    return provenance.machine(command, 2, None)


def timed_query(
    qid: str, seconds: Sequence[float], reference: Sequence[float] | None = None, tokenise: Sequence[float] = (0.0,)
) -> TimedQuery:
    return TimedQuery(
        qid=qid,
        prompt_tokens=10,
        seconds=tuple(seconds),
        reference_seconds=None if reference is None else tuple(reference),
        tokenise_seconds=tuple(tokenise),
    )


def timing(*queries: TimedQuery, request: CellRequest | None = None) -> Timing:
    """A session that noted nothing about its conditions."""
    return Timing(
        identity=(request or cell_request()).identity,
        started="2026-03-01T10:00:00+00:00",
        queries=queries,
        repeats=len(queries[0].seconds),
        warm_ups=3,
        load_seconds=None,
        machine=machine(),
        conditions=None,
    )
