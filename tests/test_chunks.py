"""Requests that rank the chunks of one long document."""

from __future__ import annotations

import json
from typing import Any

import pytest

from benchmark.errors import UserError
from benchmark.requests import read_requests
from methods.base import Candidate


def line(*chunks: Any, **changes: Any) -> str:
    return json.dumps({"question": "why", "chunks": list(chunks) or ["one", "two"]} | changes)


def problems(*lines: str) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        read_requests(lines, "in")
    return caught.value.problems


def test_what_has_no_id_is_named_by_its_place() -> None:
    first, second = read_requests(["\n", line("one", "two"), "\n", line("one")], "in")
    assert (first.qid, first.query, second.qid) == ("q2", "why", "q4")
    assert first.as_candidates() == [Candidate("c1", "one"), Candidate("c2", "two")]


def test_ids_and_titles_are_kept() -> None:
    chunks = [{"id": "a", "text": "A", "title": "T"}, {"docid": "b", "text": ""}, {"text": "C"}, "D"]
    (request,) = read_requests([line(*chunks, qid="mine")], "in")
    assert request.qid == "mine"
    assert request.as_candidates() == [
        Candidate("a", "A", "T"),
        Candidate("b", ""),
        Candidate("c3", "C"),
        Candidate("c4", "D"),
    ]


def test_both_kinds_of_request_may_stand_in_one_file() -> None:
    plain = json.dumps({"qid": "q", "query": "what", "candidates": [{"docid": "a", "text": "A"}]})
    assert [request.qid for request in read_requests([plain, line()], "in")] == ["q", "q2"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (line(question=None), "in:1: 'question': Input should be a valid string (got None)."),
        ('{"chunks": ["a"]}', "in:1: 'question' is required and missing."),
        ('{"question": "a"}', "in:1: 'chunks' is required and missing."),
        (line(chunks=[]), "in:1: 'chunks': holds nothing to rank (got [])."),
        (line(chunks="text"), "in:1: 'chunks': Input should be a valid tuple (got 'text')."),
        (line(3), "in:1: 'chunks.0': Input should be a valid dictionary or instance of Chunk (got 3)."),
        (line({"id": "a"}), "in:1: 'chunks.0.text' is required and missing."),
        (line({"id": "", "text": "a"}), "in:1: 'chunks.0.id': String should have at least 1 character (got '')."),
        (line({"txet": "a", "text": "b"}), "in:1: unknown option 'chunks.0.txet'. Did you mean 'text'?"),
        (line({"id": "a", "docid": "b", "text": "c"}), "in:1: 'chunks.0': has both 'id' and 'docid'; keep one of them"),
        (line(candidates=[]), "in:1: unknown option 'candidates'. "),
        (line(qid=""), "in:1: 'qid': String should have at least 1 character (got '')."),
        (line({"id": "a", "text": "1"}, {"id": "a", "text": "2"}), "in:1: query 'q1' lists docid 'a' more than once."),
        (line({"id": "c2", "text": "1"}, "2"), "in:1: query 'q1' lists docid 'c2' more than once."),
        ('{"question": "\\ud800", "chunks": ["a"]}', "in:1: not readable JSON: 'utf-8' codec"),
    ],
)
def test_a_bad_line_is_one_problem_with_its_number(text: str, problem: str) -> None:
    (said,) = problems(text)
    assert said.startswith(problem)


def test_all_bad_lines_are_named() -> None:
    said = problems(line(question=1), "{", line(), json.dumps({"qid": "q3", "question": "a", "chunks": ["a"]}))
    assert [text.split(":")[1] for text in said] == ["1", "2", "4"]
    assert said[2] == "in:4: qid 'q3' was used on line 3 already."
