"""Requests in, answers out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmark.errors import SHOWN, UserError
from benchmark.requests import Request, answer, failed_answer, read_requests
from methods.base import Candidate


def line(qid: str = "q1", *docids: str, **changes: Any) -> str:
    candidates = [{"docid": docid, "text": f"text of {docid}"} for docid in docids or ("a", "b")]
    return json.dumps({"qid": qid, "query": "what", "candidates": candidates} | changes)


def problems(*lines: str) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        read_requests(lines, "in")
    return caught.value.problems


def test_requests_become_candidates() -> None:
    full = {"docid": "a", "text": "A", "title": "T", "score": 2}
    (request,) = read_requests([line(candidates=[full, {"docid": "b", "text": ""}])], "in")
    assert (request.qid, request.query) == ("q1", "what")
    assert request.as_candidates() == [Candidate("a", "A", "T", 2.0), Candidate("b", "")]


def test_blank_lines_are_skipped_and_counted() -> None:
    assert [request.qid for request in read_requests(["\n", line("q1"), "  \n", line("q2")], "in")] == ["q1", "q2"]
    assert problems("\n", line("q1"), "\n", "{")[0].startswith("in:4: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "in:1: not valid JSON: Expecting property name enclosed in double quotes at column 2."),
        ("[" * 100_000, "in:1: not readable JSON: "),
        (line(score=1), "in:1: unknown option 'score'. Known: candidates, qid, query."),
        (line(qid=""), "in:1: 'qid': String should have at least 1 character (got '')."),
        (line(qid=7), "in:1: 'qid': Input should be a valid string (got 7)."),
        (line(query=None), "in:1: 'query': Input should be a valid string (got None)."),
        (line(candidates="a"), "in:1: 'candidates': Input should be a valid tuple (got 'a')."),
        (line(candidates=[{"docid": "a"}]), "in:1: 'candidates.0.text' is required and missing."),
        (line(candidates=[{"docid": "a", "text": "", "scroe": 1}]), "unknown option 'candidates.0.scroe'. Did you"),
        (line(candidates=[]), "in:1: query 'q1' has no candidates."),
        (line("q1", "a", "b", "a"), "in:1: query 'q1' lists docid 'a' more than once."),
        (
            '{"qid": "q1", "query": "\\ud800", "candidates": [{"docid": "a", "text": ""}]}',
            "in:1: not readable JSON: 'utf-8' codec",
        ),
        ('{"qid": "q1", "query": "", "candidates": ' + "9" * 5000 + "}", "in:1: "),
    ],
)
def test_a_bad_line_is_one_problem_with_its_number(text: str, problem: str) -> None:
    (said,) = problems(text)
    assert problem in said
    assert len(said) < 300


def test_all_bad_lines_are_named_up_to_a_limit() -> None:
    assert [text.split(":")[1] for text in problems("{", line("q1"), line("q1"), "}")] == ["1", "3", "4"]
    said = problems(*["{"] * (SHOWN + 5))
    assert len(said) == SHOWN + 1
    assert said[-1] == "in: and 5 more problems."
    assert len(problems(*["{"] * SHOWN)) == SHOWN


@pytest.mark.parametrize("lines", [[], ["\n", "  "]])
def test_no_request(lines: list[str]) -> None:
    assert problems(*lines) == ("in: holds no request.",)


def test_an_answer_is_best_first_and_equal_scores_keep_their_order() -> None:
    (request,) = read_requests([line("q1", "a", "b", "c", "d")], "in")
    assert json.loads(answer(request, [1.0, 2.0, 1.0, 2.0], {"seconds": 0.5})) == {
        "qid": "q1",
        "scores": [
            {"docid": "b", "score": 2.0},
            {"docid": "d", "score": 2.0},
            {"docid": "a", "score": 1.0},
            {"docid": "c", "score": 1.0},
        ],
        "seconds": 0.5,
    }


def test_an_answer_is_complete_and_finite() -> None:
    (request,) = read_requests([line("q1", "a", "b")], "in")
    with pytest.raises(ValueError, match="argument 2 is shorter"):
        answer(request, [1.0], {})
    with pytest.raises(ValueError, match="not JSON compliant"):
        answer(request, [1.0, float("nan")], {})


def test_a_failed_answer_says_why() -> None:
    request = Request(qid="ü", query="", candidates=())
    text = failed_answer(request, "QueryError", "zu lang – um 3")
    assert "ü" in text
    assert json.loads(text) == {"qid": "ü", "error": {"type": "QueryError", "message": "zu lang – um 3"}}
