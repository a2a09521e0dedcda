"""The JSON lines that ``rerankbench rerank`` reads and writes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import Field

from benchmark.chunks import ChunkRequest, has_chunks
from benchmark.errors import UserError, refuse
from benchmark.schema import Strict, parse
from methods.base import Candidate


class RequestCandidate(Strict):
    """One candidate."""

    docid: str = Field(min_length=1)
    text: str
    title: str | None = None
    score: float | None = None
    """The first stage's score, where known."""


class Request(Strict):
    """One line: a query and its candidates in first-stage order."""

    qid: str = Field(min_length=1)
    query: str
    candidates: tuple[RequestCandidate, ...]

    def as_candidates(self) -> list[Candidate]:
        """The candidates as methods take them."""
        return [Candidate(item.docid, item.text, item.title, item.score) for item in self.candidates]


def read_requests(lines: Iterable[str], name: str) -> list[Request]:
    """Parse and check all lines before any work begins; a line has candidates, or a question and chunks.

    Args:
        lines: JSON objects, blank lines skipped; name: of the input, for messages.

    Raises:
        UserError: every malformed line with its number; repeated qids; duplicate docids; topics without candidates.
    """
    requests: list[Request] = []
    problems: list[str] = []
    seen: dict[str, int] = {}
    for number, line in _numbered(lines, name):
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            request = _request(_loaded(line), where, number)
        except json.JSONDecodeError as error:
            problems.append(f"{where}: not valid JSON: {error.msg} at column {error.colno}.")
            continue
        except (ValueError, RecursionError) as error:
            problems.append(f"{where}: not readable JSON: {error}.")
            continue
        except UserError as error:
            problems += error.problems
            continue
        if request.qid in seen:
            problems.append(f"{where}: qid '{request.qid}' was used on line {seen[request.qid]} already.")
        seen.setdefault(request.qid, number)
        if not request.candidates:
            problems.append(f"{where}: query '{request.qid}' has no candidates.")
        repeated = [docid for docid, count in Counter(item.docid for item in request.candidates).items() if count > 1]
        if repeated:
            problems.append(f"{where}: query '{request.qid}' lists docid '{repeated[0]}' more than once.")
        requests.append(request)
    if not requests and not problems:
        problems.append(f"{name}: holds no request.")
    refuse(name, problems)
    return requests


def _request(values: Any, where: str, number: int) -> Request:
    if has_chunks(values):
        values = parse(ChunkRequest, values, where).as_query(number)
    return parse(Request, values, where)


def _loaded(line: str) -> Any:
    values = json.loads(line)
    if "\\ud" in line.lower():
        # Half of a surrogate pair is valid JSON and no text: it can neither be tokenised nor written.
        json.dumps(values, ensure_ascii=False).encode("utf-8")
    return values


def _numbered(lines: Iterable[str], name: str) -> Iterator[tuple[int, str]]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            yield number, line
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: not UTF-8 after line {number} ({error.reason}).") from None


def answer(request: Request, scores: Iterable[float], costs: dict[str, Any]) -> str:
    """One output line: scores best first, equal ones in the order of the request, then the costs."""
    pairs = zip((item.docid for item in request.candidates), scores, strict=True)
    ranked = sorted(pairs, key=lambda pair: -pair[1])
    record = {
        "qid": request.qid,
        "scores": [{"docid": docid, "score": score} for docid, score in ranked],
        **costs,
    }
    return json.dumps(record, ensure_ascii=False, allow_nan=False)


def failed_answer(request: Request, kind: str, message: str) -> str:
    """The output line of a query that could not be scored."""
    return json.dumps({"qid": request.qid, "error": {"type": kind, "message": message}}, ensure_ascii=False)
