"""A submission as it should be, and everything that is refused or flagged without running it."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest

from benchmark.collections import catalogue
from benchmark.errors import UserError
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
    "an end that is no time": (set_run("finished", value="<b>yesterday</b>"), "'runs.0.finished'"),
    "an end without a zone": (set_run("finished", value="2026-11-21T10:00:00"), "must be a time in UTC"),
    "a start that is no time": (set_run("machine", "started", value="=1+1"), "started '=1+1'"),
    "a size beyond belief": (set_run("weight_bytes", value=10**300), "a number out of range"),
    "a core for everyone": (set_run("machine", "cores", value=10**4000), "a number out of range"),
    "no number at all": (set_run("load_seconds", value=float("nan")), "a number out of range"),
    "a run twice": (lambda values: values["runs"].append(deepcopy(values["runs"][0])), "holds a run twice"),
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
    [
        ("demo:test", "holds 35 of these topics and 120 of their candidates"),
        ("demo:train", None),
        ("demo", "holds 35"),
        ("msmarco", None),
    ],
)
def test_training_data_that_hold_test_topics_are_flagged(source: str, flagged: str | None, submission: Path) -> None:
    describe(submission, lambda values: values.update(training_data=[source]))
    report = check(submission)
    assert report.problems == []
    assert any(flagged in flag for flag in report.flags) if flagged else not any("trained" in f for f in report.flags)


def test_training_data_that_cannot_be_had_are_said_to_be(submission: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.collections.irdatasets.IrDatasetsCollection.topics", _unreachable)
    describe(submission, lambda values: values.update(training_data=["beir-scifact:test"]))
    report = check(submission)
    assert report.problems == []
    assert any("trained on beir-scifact:test, which cannot be looked at here" in flag for flag in report.flags)
    describe(submission, lambda values: values.update(training_data=["demo:nonsense"]))
    assert any("split" in problem for problem in problems(submission))


def _unreachable(_: object) -> None:
    raise UserError("no network")


def test_lines_that_are_no_records(submission: Path) -> None:
    values = description(submission)
    (path,) = (submission / "runs").glob("*.jsonl.gz")
    for line in (b"[" * 100_000, b'{"qid": "q1", "scores": [NaN]}', b"\xff\xfe", b'{"qid": 1e999}'):
        path.write_bytes(gzip.compress(line + b"\n"))
        values["runs"][0]["lines_sha256"] = hashlib.sha256(line + b"\n").hexdigest()
        assert any("line 1:" in problem for problem in problems(submission))


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": -1},
        {"seconds": 1e300},
        {"prompt_tokens": -1},
        {"prompt_tokens": 10**400},
        {"completion_tokens": 2**60},
        {"forward_passes": -(2**60)},
        {"peak_memory_bytes": -5},
        {"phases": {"prefill": -0.1}},
        {"dollars": -1.0},
        {"answers": 1, "malformed": 2},
        {"answers": 2, "malformed": 1, "faults": {"missing": 2}},
    ],
    ids=str,
)
def test_counts_and_times_that_cannot_be(change: Values, submission: Path) -> None:
    records = read_lines(submission)
    forge(submission, [records[0].model_copy(update=change), *records[1:]])
    assert problems(submission)[0].endswith("line 1: a count or time that cannot be.")


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "null"])
def test_times_that_are_no_numbers(value: str, submission: Path) -> None:
    (path,) = (submission / "runs").glob("*.jsonl.gz")
    first, rest = gzip.decompress(path.read_bytes()).split(b"\n", 1)
    spoilt = re.sub(rb'"seconds":[^,]*', b'"seconds":' + value.encode(), first) + b"\n" + rest
    path.write_bytes(gzip.compress(spoilt))
    describe(submission, set_run("lines_sha256", value=hashlib.sha256(spoilt).hexdigest()))
    assert any("line 1: seconds:" in problem for problem in problems(submission))


def test_a_line_without_end(submission: Path) -> None:
    """A small file that unpacks to far more than these topics can need is not read to its end."""
    (path,) = (submission / "runs").glob("*.jsonl.gz")
    path.write_bytes(gzip.compress(b'{"qid": "' + b"x" * (8 << 20) + b'"}\n'))
    (found,) = problems(submission)
    assert "unpacks to more than" in found


def test_options_that_are_not_the_presets_are_flagged(submission: Path) -> None:
    records = read_lines(submission)
    describe(submission, set_run("request", "method", "options", value={"window": 20}))
    forge(submission, records)
    report = check(submission)
    assert report.problems == []
    assert any("not preset 'default' as it is here: window set otherwise" in flag for flag in report.flags)
    describe(submission, set_run("request", "method", "preset", value="paper"))
    forge(submission, records)
    assert any("the method has no preset 'paper' here" in flag for flag in check(submission).flags)


def test_a_commit_that_is_none_is_flagged(submission: Path) -> None:
    describe(submission, set_run("machine", "git_commit", value="main; rm -rf"))
    assert any("made with code that is no commit" in flag for flag in check(submission).flags)


def test_more_folders_than_are_looked_at(submission: Path) -> None:
    for number in range(2100):
        (submission / "runs" / str(number)).mkdir()
    (found,) = problems(submission)
    assert "more than 2000 files" in found


def test_markup_stays_text(submission: Path) -> None:
    describe(submission, lambda values: values.update(method="<script>alert(1)</script>\x07"))
    assert all(line.isprintable() for line in problems(submission))
