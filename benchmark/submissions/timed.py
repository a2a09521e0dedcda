"""A submitted timed session: what can be known of it without the machine it ran on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from benchmark.errors import UserError
from benchmark.harness.record import CellRequest
from benchmark.schema import explain
from benchmark.submissions.record import MOST, moment
from benchmark.submissions.reference import Reference
from benchmark.timing.record import TimedQuery, Timing

WHERE = "timing"


def read_timing(data: bytes, request: CellRequest, known: Reference) -> Timing:
    """The session that a file holds. Seconds are the submitter's: only a machine like theirs could tell.

    Args:
        data: JSON, of bounded size.

    Raises:
        UserError: no such record, of another cell or of topics that the collection has not, or times that cannot be.
    """
    try:
        values = json.loads(data)
        timing = Timing.model_validate_json(data)
    except ValidationError as error:
        raise UserError([f"{WHERE}: {problem}" for problem in explain(error, Timing)]) from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{WHERE}: not valid JSON ({error}).") from None
    problems = []
    if timing.identity != request.identity:
        problems.append(f"{WHERE}: is of another request.")
    if any(not -MOST <= number <= MOST for number in _numbers(values)):
        problems.append(f"{WHERE}: a number out of range.")
    for what, when in {"started": timing.started, "machine.started": timing.machine.started}.items():
        try:
            moment(when)
        except ValueError as error:
            problems.append(f"{WHERE}: {what} '{when}': {error}.")
    timed = [query.qid for query in timing.queries]
    if len({*timed, *timing.failed}) < len(timed) + len(timing.failed):
        problems.append(f"{WHERE}: a topic twice.")
    problems += [
        f"{WHERE}: topic '{qid}' is not in the collection."
        for qid in (*timed, *timing.failed)
        if qid not in known.candidates
    ]
    problems += [
        f"{WHERE}: topic '{query.qid}': times that cannot be, or not one a repeat."
        for query in timing.queries
        if not _possible(query, timing.repeats)
    ]
    if problems:
        raise UserError(problems)
    return timing


def _possible(query: TimedQuery, repeats: int) -> bool:
    each = [query.seconds, query.tokenise_seconds, *([query.reference_seconds] if query.reference_seconds else [])]
    return (
        all(len(seconds) == repeats for seconds in each)
        and min(*query.seconds, *(query.reference_seconds or (1.0,))) > 0
        and min(query.tokenise_seconds) >= 0
        and query.prompt_tokens >= 0
    )


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from _numbers(each)
    elif isinstance(value, int | float):
        yield value
