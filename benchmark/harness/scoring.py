"""Run a method on one query and hold it to its contract."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmark.backbones.meter import Cost
from benchmark.errors import QueryError, Unavailable
from benchmark.harness.record import Failure
from methods.base import Candidate, Method, Options


@dataclass(frozen=True)
class Outcome:
    """What came out of one query.

    Attributes:
        scores: one a candidate, in input order; None when it failed.
        seconds: wall clock of `Method.rerank`, device work included.
    """

    scores: tuple[float, ...] | None
    failure: Failure | None
    seconds: float
    cost: Cost


def score_query(
    method: Method[Options],
    query: str,
    candidates: Sequence[Candidate],
    cost_so_far: Callable[[], Cost],
    synchronise: Callable[[], None],
) -> Outcome:
    """Time `Method.rerank` and check what it returns.

    Any exception of the method is that query's failure, recorded with its type; nothing replaces the scores. Only
    `Unavailable` is passed on: it is no query's fault.

    Args:
        cost_so_far: the backbone's running total; synchronise: waits for the device.
    """
    before = cost_so_far()
    synchronise()
    start = time.perf_counter()
    scores: tuple[float, ...] | None = None
    failure: Failure | None = None
    try:
        scores = checked(method.rerank(query, candidates), len(candidates))
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001  a plugin may raise anything; it is recorded, not swallowed
        failure = Failure(type=type(error).__name__, message=" ".join(str(error).split()) or "no message")
    synchronise()
    return Outcome(scores, failure, time.perf_counter() - start, cost_so_far() - before)


def checked(scores: Sequence[float], expected: int) -> tuple[float, ...]:
    """The scores as floats; QueryError unless there are ``expected`` finite ones (in single precision, see runfile)."""
    values = tuple(float(score) for score in scores)
    if len(values) != expected:
        raise QueryError(f"the method returned {len(values)} scores for {expected} candidates")
    bad = [position for position, value in enumerate(values) if not math.isfinite(value) or abs(value) > 3.4e38]
    if bad:
        raise QueryError(f"scores at positions {bad[:5]} are not finite ({values[bad[0]]})")
    return values
