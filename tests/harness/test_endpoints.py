"""Runs whose model is behind a server: what is recorded, what is not, and what happens when it goes away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.harness.store import Cell, read_cells
from tests.support import stub_server as on
from tests.support.collection import QUERIES, write_suite
from tests.support.command import Result, command
from tests.support.endpoints import write_endpoint
from tests.support.stub_server import Stub, serving

pytestmark = pytest.mark.timeout(120)

KEY = "sk-opensesame"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with serving() as running:
        yield running


@pytest.fixture
def entry(tmp_path: Path, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TEST_KEY", KEY)
    prices = {"prompt": 1.0, "completion": 4.0}
    return write_endpoint(tmp_path / "served.yaml", stub.url, key_env="TEST_KEY", prices=prices)


def run(tmp_path: Path, collection: Path, entry: Path, method: str = "rankgpt") -> Result:
    suite = write_suite(tmp_path / "small.yaml", collection, [method], [str(entry)])
    return command("run", suite, "--results", tmp_path / "results")


def cell_in(tmp_path: Path) -> Cell:
    (cell,) = read_cells(tmp_path / "results")
    return cell


def kept_files(tmp_path: Path) -> str:
    return "".join(path.read_text() for path in (tmp_path / "results").rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_whole_cell(tmp_path: Path, small: Path, stub: Stub, entry: Path) -> None:
    stub.turns = [on.answer("A"), *[on.answer("[3] > [1] > [2] > [4]")] * 5, on.answer("[2]", "length")]
    result = run(tmp_path, small, entry)
    assert result.status == 0, result.err
    cell = cell_in(tmp_path)
    backbone, summary, machine = cell.request.backbone, cell.summary, cell.machine
    assert backbone is not None
    assert summary is not None
    assert machine is not None
    assert (backbone.name, backbone.source, backbone.location) == ("served", "endpoint", stub.url)
    assert (backbone.revision, backbone.dtype, backbone.attention) == ("tiny", "as served", None)
    assert backbone.settings is not None
    assert (backbone.settings["model"], backbone.settings["base_url"]) == ("tiny", stub.url)
    assert cell.records[0].scores == (3.0, 2.0, 4.0, 1.0)
    for record in cell.records:
        assert (record.prompt_tokens, record.completion_tokens, record.forward_passes) == (10, 4, 1)
        assert record.dollars == pytest.approx((10 + 4 * 4) / 1e6)
        assert record.peak_memory_bytes is None
        assert set(record.phases) == {"decode"}
    assert cell.records[-1].faults == {"missing": 1, "cut": 1}
    assert summary.cost.dollars == pytest.approx(26e-6)
    assert summary.memory is None
    assert summary.answers is not None
    assert summary.answers.malformed == 1
    assert machine.accelerator == "a server's, not known"
    assert "openai" in machine.packages
    assert "served.yaml" in machine.command
    assert KEY not in kept_files(tmp_path) + result.out + result.err
    assert "TEST_KEY" not in kept_files(tmp_path)
    site = tmp_path / "site"
    built = command("leaderboard", "build", "--results", tmp_path / "results", "--out", site)
    assert built.status == 0, built.err
    page = "".join(path.read_text() for path in site.rglob("*.html"))
    assert stub.url in page
    assert "$0.000026" in page
    asked = len(stub.asked)
    assert run(tmp_path, small, entry).status == 0
    assert len(stub.asked) == asked, "a complete cell is not run again"


@pytest.mark.slow
def test_a_server_that_goes_away_stops_the_run_and_no_query_pays_for_it(
    tmp_path: Path, small: Path, stub: Stub, entry: Path
) -> None:
    stub.turns = [on.answer("A"), *[on.answer("[1] > [2] > [3] > [4]")] * 2, on.repeat_the_key(401)]
    result = run(tmp_path, small, entry)
    assert result.status == 2
    (problem,) = result.problems
    assert "the key in TEST_KEY is not accepted" in problem
    assert KEY not in result.err + kept_files(tmp_path)
    cell = cell_in(tmp_path)
    assert [record.qid for record in cell.records] == list(QUERIES)[:2]
    assert cell.summary is None
    assert run(tmp_path, small, entry).status == 0
    summary = cell_in(tmp_path).summary
    assert summary is not None
    assert (summary.queries, summary.failed) == (len(QUERIES), 0)


@pytest.mark.slow
def test_a_query_that_the_server_refuses_is_that_querys_failure(
    tmp_path: Path, small: Path, stub: Stub, entry: Path
) -> None:
    stub.turns = [on.answer("A"), on.answer("[1]"), on.refuse(400, "the prompt is too long")]
    assert run(tmp_path, small, entry).status == 0
    records = cell_in(tmp_path).records
    failures = {record.qid: record.failure for record in records if record.failure}
    assert list(failures) == [list(QUERIES)[1]]
    failure = failures[list(QUERIES)[1]]
    assert failure is not None
    assert failure.type == "QueryError"
    assert "the server refuses the request, 400: " in failure.message
    assert "the prompt is too long" in failure.message


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("icr", "Method 'icr': backbone 'served' is behind an endpoint, which gives logits and generation only, and"),
        ("first", "begins the answer for the model"),
    ],
)
def test_what_cannot_run_is_said_before_the_first_query(
    tmp_path: Path, small: Path, stub: Stub, entry: Path, method: str, words: str
) -> None:
    stub.turns = [on.answer(logprobs=on.told(A=-1.0))] * 2
    result = run(tmp_path, small, entry, method)
    assert result.status == 2
    assert words in result.problems[0]
    assert len(stub.asked) <= (0 if method == "icr" else 2)
    assert not list((tmp_path / "results").rglob("queries.jsonl"))


def test_a_number_format_is_the_servers_affair(tmp_path: Path, small: Path, stub: Stub, entry: Path) -> None:
    suite = write_suite(tmp_path / "small.yaml", small, ["rankgpt"], [str(entry)])
    result = command("run", suite, "--results", tmp_path / "results", "--dtype", "bfloat16")
    assert result.problems == ["Backbone 'served': its server chose the number format; leave --dtype out."]
    assert stub.asked == []


def test_rerank(tmp_path: Path, stub: Stub, entry: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    request: dict[str, Any] = {"qid": "q", "query": "which", "candidates": [{"docid": d, "text": d} for d in "ab"]}
    source.write_text(json.dumps(request) + "\n")
    options = ["--input", source, "--output", target, "--backbone", entry]
    stub.turns = [on.answer("A"), on.answer("[2] > [1]")]
    result = command("rerank", "--method", "rankgpt", *options)
    assert result.status == 0, result.err
    answer = json.loads(target.read_text())
    assert [item["docid"] for item in answer["scores"]] == ["b", "a"]
    assert answer["dollars"] == pytest.approx(26e-6)
    stub.turns = [on.repeat_the_key(403)]
    result = command("rerank", "--method", "rankgpt", *options)
    assert result.status == 2
    assert KEY not in result.err
    result = command("rerank", "--method", "icr", *options)
    assert "attention is needed" in result.problems[0]
