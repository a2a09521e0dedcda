"""Queries run again: honest runs agree, forged ones do not, and the record says which."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from benchmark.collections import catalogue
from benchmark.harness.record import QueryRecord
from benchmark.harness.store import read_cells
from benchmark.submissions.trust import read_records
from benchmark.submissions.verify import compare, sample
from tests.support.command import Result, command
from tests.support.forgery import describe, forge, read_lines, with_scores
from tests.support.records import query_record


def verify(submission: Path, *more: object) -> Result:
    return command("verify", submission, "--by", "a maintainer", "--seed", "c0ffee", *more)


def standing(submissions: Path, out: Path) -> tuple[str, tuple[str, ...]]:
    assert command("ingest", submissions, "--out", out).status == 0
    (cell,) = read_cells(out)
    assert cell.standing is not None
    return cell.standing.trust, cell.standing.flags


def test_the_sample_follows_from_the_seed() -> None:
    qids = [f"q{number}" for number in range(100)]
    first = sample("a", "1", qids, 20)
    assert len(set(first)) == 20
    assert first == sample("a", "1", reversed(qids), 20)
    assert first != sample("b", "1", qids, 20)
    assert first != sample("a", "2", qids, 20)
    # Any topic may come: over many seeds none is spared.
    assert {qid for seed in range(60) for qid in sample(str(seed), "1", qids, 20)} == set(qids)


@pytest.mark.parametrize(
    ("theirs", "ours", "share"),
    [((1, 2, 3), (1, 2, 3), 0), ((1, 2, 3), (1, 2.002, 3), 0.001), ((5, 5), (5, 5), 0), ((5, 5), (5, 5.1), 0.02)],
)
def test_differences_are_shares_of_the_spread(theirs: tuple[float, ...], ours: tuple[float, ...], share: float) -> None:
    found, reason = compare(query_record("q", *theirs), query_record("q", *ours), 0.0011)
    assert found == pytest.approx(share)
    assert bool(reason) == (share > 0.0011)


def test_failures_agree_with_failures_only() -> None:
    failed, scored = query_record(failure="too long"), query_record("q1", 1.0, 2.0)
    assert compare(failed, failed, 0.1)[1] == ""
    assert compare(failed, scored, 0.1)[1] == "only the submission failed"
    assert compare(scored, failed, 0.1)[1] == "the re-run failed"


def test_an_honest_run_rises(submissions: Path, submission: Path, tmp_path: Path) -> None:
    assert standing(submissions, tmp_path / "before")[0] == "submitted"
    result = verify(submission, "--sample", "10")
    assert result.status == 0, result.err
    assert "10 of 10 queries agree (35 in all)." in result.out
    assert standing(submissions, tmp_path / "after")[0] == "spot-checked"
    # All queries, and still the machine that made the run.
    assert verify(submission, "--all").status == 0
    assert standing(submissions, tmp_path / "all")[0] == "spot-checked"
    assert len(read_records(submissions / "records")) == 2


def test_all_queries_on_another_machine(submissions: Path, submission: Path, tmp_path: Path) -> None:
    describe(submission, lambda values: values["runs"][0]["machine"].update(processor="Another One 9000"))
    assert "nDCG@10 0.7280 as submitted, 0.7280 in the re-run." in verify(submission, "--all").out
    assert standing(submissions, tmp_path / "cells")[0] == "reproduced"
    (cell,) = read_cells(tmp_path / "cells")
    assert cell.standing is not None
    # The row shows the difference.
    (said,) = cell.standing.checks
    assert "35 of 35 re-run queries agree" in said
    assert "largest difference 0 of the spread, nDCG@10 0.7280 where 0.7280 was submitted" in said


def test_the_seed_is_the_commit_that_brought_the_submission(submissions: Path, submission: Path) -> None:
    """A commit that exists only after the submission does, and that neither submitter nor verifier chooses."""

    def git(*arguments: str) -> str:
        names = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        done = subprocess.run(["git", *names, *arguments], cwd=submissions, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    by = ("--by", "a maintainer", "--sample", "3")
    (problem,) = command("verify", submission, *by).problems
    assert "not committed as it stands" in problem
    git("init", "--initial-branch", "main")
    git("commit", "--allow-empty", "--message", "main")
    git("checkout", "-b", "theirs")
    git("add", submission.name)
    git("commit", "--message", "theirs")
    git("checkout", "main")
    git("commit", "--allow-empty", "--message", "meanwhile")
    git("merge", "--no-ff", "--message", "merge", "theirs")
    merge = git("rev-parse", "HEAD")
    git("commit", "--allow-empty", "--message", "later")
    assert command("verify", submission, *by).status == 0
    (record,) = read_records(submissions / "records")
    assert record.seed == f"commit {merge}"
    (submission / "submission.yaml").open("a").write("\n")
    assert "not committed as it stands" in command("verify", submission, *by).problems[0]


def test_a_record_is_of_one_state_only(submissions: Path, submission: Path, tmp_path: Path) -> None:
    assert verify(submission).status == 0
    describe(submission, lambda values: values.update(contact="somebody else"))
    assert standing(submissions, tmp_path / "cells")[0] == "submitted"


def by_judgements(record: QueryRecord) -> QueryRecord:
    grades = catalogue.find("demo").qrels()[record.qid]
    return with_scores(record, lambda docid, score: score + 20 * grades.get(docid, 0))


def at_random(record: QueryRecord) -> QueryRecord:
    dice = random.Random(record.qid)
    return with_scores(record, lambda docid, score: dice.random())


def slightly(record: QueryRecord) -> QueryRecord:
    return with_scores(record, lambda docid, score: score * 1.01)


@pytest.mark.parametrize("lie", [by_judgements, at_random, slightly])
def test_scores_that_are_not_the_methods(lie: object, submissions: Path, submission: Path, tmp_path: Path) -> None:
    assert callable(lie)
    forge(submission, [lie(record) for record in read_lines(submission)])
    result = verify(submission, "--sample", "5")
    assert result.status == 2
    assert len(result.problems) == 5
    assert all("scores differ by" in problem for problem in result.problems)
    trust, flags = standing(submissions, tmp_path / "cells")
    assert trust == "submitted"
    assert "a re-run differs in 5 of 5 queries" in flags


def test_a_few_better_topics_are_found_by_running_all(submission: Path) -> None:
    """A forgery of two topics may escape a small sample; the whole run finds exactly these."""
    records = read_lines(submission)
    forge(submission, [by_judgements(record) if number < 2 else record for number, record in enumerate(records)])
    result = verify(submission, "--all")
    assert [problem.split("'")[1] for problem in result.problems] == [record.qid for record in records[:2]]


def test_a_refused_submission_is_not_run(submission: Path) -> None:
    (submission / "more.bin").write_bytes(b"")
    assert verify(submission).problems == ["more.bin: does not belong into a submission."]


def test_another_method_under_the_name_is_not_run(submission: Path) -> None:
    assert verify(submission, "--run", "other").problems[0].startswith(f"{submission}: has no run 'other'.")
    bad = command("verify", submission, "--seed", "s", "--by", "two\nlines")
    assert any("'by'" in problem for problem in bad.problems)


@pytest.mark.slow
def test_with_a_model(tiny_folder: Path, tmp_path: Path) -> None:
    """The same weights from another folder agree; other weights are not run."""
    from tests.support import tiny

    model = ["--backbone", tiny_folder, "--backbone-threads", "1"]
    ran = command("run", "demo", "--method", "icr:default", "--depth", "2", "--results", tmp_path / "results", *model)
    assert ran.status == 0, ran.err
    out = tmp_path / "submissions"
    assert command("submit", tmp_path / "results", "--out", out, "--contact", "me").status == 0
    (folder,) = out.iterdir()
    result = verify(folder, "--sample", "4", *model)
    assert result.status == 0, result.err
    assert "4 of 4 queries agree" in result.out
    other = tiny.save(tmp_path / "other", num_attention_heads=8)
    refused = verify(folder, "--backbone", other)
    assert len(refused.problems) == 1
    assert "it would have another backbone.revision" in refused.problems[0]
