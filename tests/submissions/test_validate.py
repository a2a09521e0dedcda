"""A submission as it should be, and everything that is refused or flagged without running it."""

from __future__ import annotations

import gzip
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.collections import catalogue
from benchmark.submissions.validate import check
from tests.support.forgery import Values, describe, description, forge, read_lines, with_scores


def problems(submission: Path) -> list[str]:
    return check(submission).problems


def test_metrics_are_computed_here(submission: Path) -> None:
    report = check(submission)
    assert report.problems == []
    (run,) = report.runs
    # As `rerankbench run demo --method first-stage` prints it.
    assert run.means["nDCG@10"] == pytest.approx(0.728, abs=5e-4)
    assert "nDCG" not in (submission / "submission.yaml").read_text()


def set_run(*path: str, value: object) -> Callable[[Values], None]:
    def change(values: Values) -> None:
        target = values["runs"][0]
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


CHANGES: dict[str, tuple[Callable[[Values], None], str]] = {
    "a metric typed in": (lambda values: values.update(metrics={"nDCG@10": 0.99}), "unknown option 'metrics'"),
    "a metric in a run": (set_run("ndcg", value=1.0), "unknown option 'runs.0.ndcg'"),
    "another method": (lambda values: values.update(method="icr"), "the submission of 'icr'"),
    "another backbone": (lambda values: values.update(backbone="qwen3-8b"), "the submission on 'qwen3-8b'"),
    "another day": (lambda values: values.update(date="2020-01-01"), "must be named '2020-01-01-first-stage"),
    "no contact": (lambda values: values.pop("contact"), "'contact' is required"),
    "a contact of two lines": (lambda values: values.update(contact="me\n# Heading"), "'contact'"),
    "a wide tolerance": (lambda values: values.update(tolerance=0.5), "'tolerance'"),
    "no run": (lambda values: values.update(runs=[]), "'runs'"),
    "a path for a method": (lambda values: values.update(method="../x"), "'method'"),
    "a path for a collection": (set_run("request", "collection", "name", value="../../etc"), "not a name"),
    "a path for a preset": (set_run("request", "method", "preset", value="a/../../b"), "not a name"),
    "a folder for a collection": (set_run("request", "collection", "name", value="town"), "not in the catalogue"),
    "other judgements": (set_run("request", "collection", "revision", value="0" * 64), "other documents, topics or"),
    "other candidates": (set_run("request", "collection", "run_sha256", value="0" * 64), "other candidates"),
    "an unknown split": (set_run("request", "collection", "split", value="dev"), "Unknown split"),
    "a shorter list": (set_run("request", "collection", "depth", value=5), "is not among the candidates"),
    "another protocol": (set_run("request", "protocol", value=0), "protocol 0: this release reads 1"),
    "other options than the header's": (set_run("request", "method", "options", value={"a": 1}), "header is not this"),
    "an artefact that is not listed": (
        set_run("request", "method", "artefacts", value={"heads": "0" * 64}),
        "not listed",
    ),
    "a script for a url": (
        lambda values: values.update(artefacts=[{"option": "heads", "sha256": "0" * 64, "url": "javascript:alert(1)"}]),
        "'artefacts.0.url'",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_refused_descriptions(name: str, submission: Path) -> None:
    change, problem = CHANGES[name]
    describe(submission, change)
    found = problems(submission)
    assert any(problem in line for line in found), found


def test_every_problem_is_in_one_report(submission: Path) -> None:
    describe(submission, lambda values: values.update(contact="", licence="see below", notes="x"))
    (submission / "runs" / "model.pkl").write_bytes(b"\x80\x04.")
    assert len(problems(submission)) == 3
    describe(submission, lambda values: values.update(contact="me", licence="MIT") or values.pop("notes"))
    assert problems(submission) == ["runs/model.pkl: does not belong into a submission."]


def test_missing_and_altered_files(submission: Path) -> None:
    (lines,) = (submission / "runs").glob("*.jsonl.gz")
    data = lines.read_bytes()
    lines.write_bytes(gzip.compress(gzip.decompress(data) + b"\n"))
    assert any("sha256 is" in line for line in problems(submission))
    lines.write_bytes(data[:50])
    assert any("not a whole gzip file" in line for line in problems(submission))
    lines.unlink()
    assert any("missing" in line for line in problems(submission))
    shutil.rmtree(submission)
    submission.mkdir()
    assert problems(submission) == ["submission.yaml: no such file. A plain file must stand there."]


def test_a_document_that_is_no_candidate(submission: Path) -> None:
    records = read_lines(submission)
    records[3] = records[3].model_copy(update={"docids": (*records[3].docids[:-1], "elsewhere")})
    forge(submission, records)
    assert any("'elsewhere' is not among the candidates" in line for line in problems(submission))


def test_topics_left_out_and_repeated(submission: Path) -> None:
    records = read_lines(submission)
    forge(submission, [*records[2:], records[5]])
    found = problems(submission)
    assert sum("has no line" in line for line in found) == 2
    assert sum("stands there twice" in line for line in found) == 1


def test_a_run_file_that_says_more_than_its_lines(submission: Path) -> None:
    (path,) = (submission / "runs").glob("*.trec.gz")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    body = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    first, second = lines[body].split(), lines[body + 1].split()
    first[2], second[2] = second[2], first[2]
    lines[body : body + 2] = [" ".join(first), " ".join(second)]
    forge(submission, read_lines(submission), "\n".join(lines) + "\n")
    assert any("is not ranked as its line says" in line for line in problems(submission))


def test_a_run_of_another_collection(submission: Path) -> None:
    """Lines and candidates of the training topics, under the name of the test topics."""
    train = catalogue.find("demo", "train")
    hits = train.first_stage().hits()
    template = read_lines(submission)[0]
    forge(
        submission,
        [
            template.model_copy(
                update={
                    "qid": qid,
                    "docids": tuple(hit.docid for hit in listed[:10]),
                    "scores": (1.0,) * len(listed[:10]),
                }
            )
            for qid, listed in hits.items()
        ],
    )
    assert any(
        "is not in the collection" in line or "not among the candidates" in line for line in problems(submission)
    )


def test_an_order_by_judgements_is_flagged(submission: Path) -> None:
    qrels = catalogue.find("demo").qrels()
    honest = check(submission)
    assert not any("best order" in flag for flag in honest.flags)
    forge(
        submission,
        [
            with_scores(record, lambda docid, score, qid=record.qid: 100.0 * qrels[qid].get(docid, 0) + score)  # type: ignore[misc]
            for record in read_lines(submission)
        ],
    )
    report = check(submission)
    assert report.problems == []
    assert report.runs[0].means["nDCG@10"] > honest.runs[0].means["nDCG@10"]
    assert any("in the best order their judgements allow" in flag for flag in report.flags)


@pytest.mark.parametrize(
    ("source", "flagged"),
    [("demo:test", "holds 35 of these topics"), ("demo:train", None), ("demo", "holds 35"), ("msmarco", None)],
)
def test_training_data_that_hold_test_topics_are_flagged(source: str, flagged: str | None, submission: Path) -> None:
    describe(submission, lambda values: values.update(training_data=[source]))
    report = check(submission)
    assert report.problems == []
    assert any(flagged in flag for flag in report.flags) if flagged else not any("trained" in f for f in report.flags)


def test_lines_that_are_no_records(submission: Path) -> None:
    values = description(submission)
    (path,) = (submission / "runs").glob("*.jsonl.gz")
    for line in (b"[" * 100_000, b'{"qid": "q1", "scores": [NaN]}', b"\xff\xfe", b'{"qid": 1e999}'):
        path.write_bytes(gzip.compress(line + b"\n"))
        values["runs"][0]["lines_sha256"] = hashlib.sha256(line + b"\n").hexdigest()
        assert any("line 1:" in problem for problem in problems(submission))


def test_markup_stays_text(submission: Path) -> None:
    describe(submission, lambda values: values.update(method="<script>alert(1)</script>\x07"))
    assert all(line.isprintable() for line in problems(submission))
