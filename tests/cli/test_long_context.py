"""From a file of long conversations to recall by type of question, and chunks through ``rerank``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.evaluation.metrics import METRICS
from tests.conftest import ROOT
from tests.support.command import command
from tests.support.questions import CORE, LONGMEMEVAL, longmemeval, write_array


@pytest.fixture
def conversations(tmp_path: Path) -> Path:
    return write_array(tmp_path / "longmemeval_s.json", LONGMEMEVAL)


def by_group(printed: str) -> dict[str, list[str]]:
    """The cells of the table by group, by the name of their row."""
    table = printed.partition("Means by group")[2]
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in table.splitlines() if line.startswith("│")]
    return {name: cells for name, *cells in rows}


def write_run(path: Path, rankings: dict[str, list[str]]) -> Path:
    lines = [f"{qid} Q0 {name} {at + 1} {-at} t" for qid, names in rankings.items() for at, name in enumerate(names)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("method", "options"), [("first-stage", []), ("icr", ["--option", "words=0"])], ids=["first-stage", "icr"]
)
def test_a_line_with_chunks_is_ranked(method: str, options: list[str], tiny_folder: Path) -> None:
    chunks = ["The smith forges.", {"id": "end", "text": "The smith leaves.", "title": "Chapter 2"}, "The inn burns."]
    lines = json.dumps({"question": "Does the smith leave?", "chunks": chunks}) + "\n"
    lines += json.dumps({"qid": "inn", "question": "What burns?", "chunks": chunks}) + "\n"
    needs = ["--backbone", tiny_folder] if method == "icr" else []
    result = command("rerank", "--method", method, "--input", "-", "--output", "-", *needs, *options, stdin=lines)
    assert result.status == 0, result.err
    answers = [json.loads(text) for text in result.out.splitlines()]
    assert [answer["qid"] for answer in answers] == ["q1", "inn"]
    for answer in answers:
        assert sorted(item["docid"] for item in answer["scores"]) == ["c1", "c3", "end"]
    if method == "first-stage":
        assert [item["docid"] for item in answers[0]["scores"]] == ["c1", "end", "c3"]


def test_bad_chunks_are_named_before_anything_is_done() -> None:
    result = command(
        "rerank",
        "--method",
        "first-stage",
        "--input",
        "-",
        "--output",
        "-",
        stdin='{"question": "?"}\n{"chunks": []}\n',
    )
    assert (result.status, result.out) == (2, "")
    assert result.problems == [
        "standard input:1: 'chunks' is required and missing.",
        "standard input:2: 'question' is required and missing.",
        "standard input:2: 'chunks': holds nothing to rank (got []).",
    ]


def test_a_file_of_conversations_is_run_and_reported_by_type(conversations: Path, tmp_path: Path) -> None:
    results = tmp_path / "results"
    asked = ["--collection", f"{conversations}:all", "--depth", 1000, "--results", results]
    result = command("run", "demo", "--method", "first-stage", *asked)
    assert result.status == 0, result.err
    (cell,) = (path for path in results.iterdir() if path.is_dir())
    result = command("evaluate", cell / "run.trec", "--collection", f"{conversations}:all", "--json")
    assert result.status == 0, result.err
    report = json.loads(result.out)
    assert (report["topics"], report["left_out"]) == (3, 1)
    recalls = {name: group["mean"]["recall@5"] for name, group in report["groups"].items()}
    # Places of the relevant rounds in the conversations: 3; 5 (k2: 2 of trains, 2 of bread); 1 and 5.
    assert recalls == {"multi-session": 1.0, "single-session-assistant": 1.0, "single-session-user": 1.0}
    at_three = {name: group["mean"]["recall@3"] for name, group in report["groups"].items()}
    assert at_three == {"multi-session": 0.5, "single-session-assistant": 0.0, "single-session-user": 1.0}
    assert report["mean"]["recall@3"] == pytest.approx(0.5)
    assert [group["left_out"] for group in report["groups"].values()] == [1, 0, 0]
    metrics = ["--metric", "recall@3", "--metric", "recall@5"]
    printed = command("evaluate", cell / "run.trec", "--collection", f"{conversations}:all", *metrics).out
    documented = (ROOT / "docs" / "long-context.md").read_text(encoding="utf-8")
    assert "\n".join(line.rstrip() for line in printed.splitlines()) in documented
    summary = json.loads((cell / "summary.json").read_text())
    assert summary["metrics"]["mean"] == pytest.approx(report["mean"])


def test_the_report_by_type_can_be_read(conversations: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "r.trec", {"k2": ["answer_kiln_2_1"], "k3": ["x", "answer_kiln_2_1"]})
    asked = ["--collection", conversations, "--metric", "Recall@5", "--metric", "recall@3", "--metric", "recall@5"]
    result = command("evaluate", run, *asked)
    assert result.status == 0, result.err
    assert result.out.splitlines()[0].strip() == "r.trec: 2 topics"
    assert result.out.endswith("\nTopics without a relevant document, left out: 1.\n")
    assert by_group(result.out) == {
        "recall@5": ["0.7500", "0.5000", "1.0000"],
        "recall@3": ["0.7500", "0.5000", "1.0000"],
        "topics": ["2", "1", "1"],
        "left out": ["1", "1", "0"],
    }
    assert "nDCG" not in result.out


def test_every_type_of_the_published_files_fits_a_line(tmp_path: Path) -> None:
    types = ["knowledge-update", "multi-session", "single-session-assistant", "single-session-preference"]
    types += ["single-session-user", "temporal-reasoning"]
    path = write_array(
        tmp_path / "l.json", [longmemeval(f"k{at}", name, "?", "answer_kiln_2") for at, name in enumerate(types)]
    )
    run = write_run(tmp_path / "r.trec", {"k2": ["answer_kiln_2_1"]})
    rows = by_group(command("evaluate", run, "--collection", f"{path}:all").out)
    assert list(rows) == [*METRICS, "topics", "left out"]
    assert rows["recall@10"] == ["0.1667", "0.0000", "0.0000", "1.0000", "0.0000", "0.0000", "0.0000"]


def test_groups_and_grades_of_a_catalogued_collection(tmp_path: Path) -> None:
    from benchmark.collections.catalogue import find

    run = find("demo").first_stage().path
    report = json.loads(command("evaluate", run, "--collection", "demo", "--json").out)
    assert {name: group["topics"] for name, group in report["groups"].items()} == {
        name: sum(topic.group == name for topic in find("demo").topics()) for name in ("reasoning", "science", "web")
    }
    from_two = ["--collection", "demo", "--relevant-from", 2, "--metric", "MAP", "--json"]
    assert json.loads(command("evaluate", run, *from_two).out)["mean"]["MAP"] != report["mean"]["MAP"]


def test_what_is_asked_for_must_be_clear(conversations: Path, tmp_path: Path) -> None:
    run = write_run(tmp_path / "r.trec", {"k2": ["answer_kiln_2_1"]})
    either = ["Say what to measure against: either --qrels FILE or --collection NAME[:SPLIT]."]
    assert command("evaluate", run).problems == either
    assert command("evaluate", run, "--qrels", run, "--collection", "demo").problems == either
    unknown = command("evaluate", run, "--collection", conversations, "--metric", "recal@5")
    assert unknown.problems == ["Unknown metric 'recal@5'. Did you mean 'recall@5'?"]
    (problem,) = command("evaluate", run, "--collection", f"{conversations}:tets").problems
    assert problem.endswith("a file in LongMemEval format: 'tets'. Did you mean 'test'?")


def test_a_detection_set_is_run(tmp_path: Path) -> None:
    path = write_array(tmp_path / "core.json", CORE)
    asked = ["--collection", f"{path}:train", "--results", tmp_path / "results"]
    result = command("run", "demo", "--method", "first-stage", *asked)
    assert result.status == 0, result.err
    (cell,) = (path for path in (tmp_path / "results").iterdir() if path.is_dir())
    report = json.loads(command("evaluate", cell / "run.trec", "--collection", f"{path}:train", "--json").out)
    assert (report["topics"], report["left_out"]) == (2, 0)
    assert report["mean"]["MRR@10"] == pytest.approx((1 / 2 + 1) / 2)
    assert "groups" not in report


def test_problems_of_a_file_end_a_run_before_it_begins(tmp_path: Path) -> None:
    broken = [{**LONGMEMEVAL[0], "question": None}, LONGMEMEVAL[1], {**LONGMEMEVAL[2], "haystack_session_ids": []}]
    path = write_array(tmp_path / "l.json", broken)
    result = command("run", "demo", "--method", "first-stage", "--collection", path, "--results", tmp_path / "r")
    assert result.status == 2
    assert result.problems == [
        f"{path}: instance 1: 'question': Input should be a valid string (got None).",
        f"{path}: instance 3: question 'k3' has 3 sessions and 0 session ids.",
    ]
    assert not (tmp_path / "r").exists()
