"""``rerankbench evaluate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark.evaluation.metrics import METRICS, evaluate, mean
from benchmark.evaluation.statistics import bootstrap_interval, paired_test
from tests.support.command import command

QRELS = {"q1": {"a": 2, "b": 1}, "q2": {"c": 1}, "q3": {"a": 1}}
OURS = {"q1": ["a", "x", "b"], "q2": ["x", "c"]}
THEIRS = {"q1": ["x", "b", "a"], "q2": ["c", "x"], "q3": ["a"]}


def write_run(path: Path, rankings: dict[str, list[str]]) -> Path:
    lines = [
        f"{qid} Q0 {docid} {rank} {10 - rank} tag"
        for qid, docids in rankings.items()
        for rank, docid in enumerate(docids, 1)
    ]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    return write_run(tmp_path / "ours.trec", OURS)


@pytest.fixture
def qrels(tmp_path: Path) -> Path:
    path = tmp_path / "qrels.tsv"
    path.write_text("".join(f"{qid} 0 {doc} {grade}\n" for qid, docs in QRELS.items() for doc, grade in docs.items()))
    return path


def test_json_is_what_the_metrics_say(ours: Path, qrels: Path, tmp_path: Path) -> None:
    theirs = write_run(tmp_path / "theirs.trec", THEIRS)
    result = command("evaluate", ours, "--qrels", qrels, "--baseline", theirs, "--per-query", "--json")
    assert (result.status, result.err) == (0, "")
    report = json.loads(result.out)
    values, others = evaluate(OURS, QRELS), evaluate(THEIRS, QRELS)
    assert report["run"] == "ours.trec"
    assert report["topics"] == 3
    assert report["mean"] == mean(values)
    assert report["mean"]["MRR@10"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert report["per_query"] == values
    assert report["per_query"]["nDCG@10"]["q3"] == 0, "a topic that is not in the run"
    for name in METRICS:
        assert report["interval"][name] == list(bootstrap_interval(list(values[name].values())))
        assert report["paired_test"][name] == vars(paired_test(values[name], others[name]))


def test_the_table_shows_every_metric(ours: Path, qrels: Path, tmp_path: Path) -> None:
    result = command("evaluate", ours, "--qrels", qrels)
    assert (result.status, result.err) == (0, "")
    for name, value in mean(evaluate(OURS, QRELS)).items():
        (line,) = [line for line in result.out.splitlines() if f" {name} " in line]
        assert f" {value:.4f} " in line
    assert "per_query" not in json.loads(command("evaluate", ours, "--qrels", qrels, "--json").out)
    theirs = write_run(tmp_path / "theirs.trec", THEIRS)
    compared = command("evaluate", ours, "--qrels", qrels, "--baseline", theirs, "--per-query").out
    difference = mean(evaluate(OURS, QRELS))["MRR@10"] - mean(evaluate(THEIRS, QRELS))["MRR@10"]
    (line,) = [line for line in compared.splitlines() if " MRR@10 " in line]
    assert f" {difference:+.4f} " in line
    assert "MRR@10\tq2\t0.5000" in compared


def test_the_lowest_relevant_grade_counts(ours: Path, qrels: Path) -> None:
    report = json.loads(command("evaluate", ours, "--qrels", qrels, "--relevant-from", "2", "--json").out)
    assert report["mean"] == mean(evaluate(OURS, QRELS, relevant_from=2))
    assert report["mean"]["MRR@10"] == pytest.approx(1 / 3)


def test_a_run_of_ours_can_be_evaluated_with_its_header(qrels: Path, tmp_path: Path) -> None:
    from benchmark.harness.summary import run_text
    from tests.support.records import cell_request, machine, query_record

    path = tmp_path / "run [v1].trec"
    path.write_text(run_text(cell_request(), machine(), [query_record("q1", 1.0, 2.0, docids=("a", "b"))]))
    result = command("evaluate", path, "--qrels", qrels)
    assert result.status == 0
    assert "run [v1].trec: 3 topics" in result.out


def test_missing_files_are_named(ours: Path, qrels: Path, tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    assert command("evaluate", ours, "--qrels", absent).problems == [f"{absent}: no such judgement file."]
    assert command("evaluate", absent, "--qrels", qrels).problems == [f"{absent}: no such run file."]
    assert command("evaluate", ours, "--qrels", qrels, "--baseline", absent).problems == [
        f"{absent}: no such run file."
    ]


def test_every_malformed_line_is_named(ours: Path, qrels: Path) -> None:
    with ours.open("a") as stream:
        stream.write("q1 Q0 z\nq1 Q0 a 4 1 tag\nq3 Q0 a 1 nan tag\nq3 Q0 a one 1 tag\n")
    result = command("evaluate", ours, "--qrels", qrels)
    assert (result.status, result.out) == (2, "")
    assert result.problems == [
        f"{ours}:6: expected 'qid Q0 docid rank score tag', found 'q1 Q0 z'.",
        f"{ours}:7: 'a' stands twice in the list of topic 'q1'.",
        f"{ours}:8: score nan of 'a' is not finite.",
        f"{ours}:9: expected 'qid Q0 docid rank score tag', found 'q3 Q0 a one 1 tag'.",
    ]
    with qrels.open("a") as stream:
        stream.write("q1 0 a\nq1 0 a 0\nq1 0 a high\n")
    problems = command("evaluate", ours, "--qrels", qrels).problems
    assert [problem.split(":")[1] for problem in problems] == ["5", "6", "7"]


def test_run_and_judgements_of_different_collections(tmp_path: Path, qrels: Path) -> None:
    run = write_run(tmp_path / "other.trec", {"t9": ["a"]})
    result = command("evaluate", run, "--qrels", qrels)
    assert result.status == 2
    assert result.problems[0].startswith("No topic of the run is judged: the run has 1 topics, such as 't9'")
