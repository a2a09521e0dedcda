"""Submissions that were tampered with, carefully: every hash and every file agrees with the lie."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from benchmark.harness.record import QueryRecord
from benchmark.harness.summary import run_text
from benchmark.submissions.record import SubmittedRun

Values = dict[str, Any]


def description(submission: Path) -> Values:
    values: Values = yaml.safe_load((submission / "submission.yaml").read_text())
    return values


def describe(submission: Path, change: Callable[[Values], None]) -> None:
    """Change what is written, and keep the files' names as they then follow from it."""
    values = description(submission)
    before = SubmittedRun.model_validate(values["runs"][0]).file
    change(values)
    (submission / "submission.yaml").write_text(yaml.safe_dump(values, sort_keys=False))
    try:
        after = SubmittedRun.model_validate(values["runs"][0]).file
    except (ValueError, KeyError, IndexError):
        return
    for end in ("jsonl.gz", "trec.gz"):
        target = submission / "runs" / f"{after}.{end}"
        if target.resolve().parent == (submission / "runs").resolve():
            (submission / "runs" / f"{before}.{end}").rename(target)


def read_lines(submission: Path) -> list[QueryRecord]:
    (path,) = (submission / "runs").glob("*.jsonl.gz")
    return [QueryRecord.model_validate_json(line) for line in gzip.decompress(path.read_bytes()).splitlines()]


def forge(submission: Path, records: Sequence[QueryRecord], text: str | None = None) -> None:
    """These lines, a run file that follows from them (unless given), and their hashes."""
    values = description(submission)
    run = SubmittedRun.model_validate(values["runs"][0])
    lines = "".join(record.model_dump_json() + "\n" for record in records).encode()
    data = (run_text(run.request, run.machine, records) if text is None else text).encode()
    for end, content, key in (("jsonl", lines, "lines_sha256"), ("trec", data, "run_sha256")):
        (submission / "runs" / f"{run.file}.{end}.gz").write_bytes(gzip.compress(content))
        values["runs"][0][key] = hashlib.sha256(content).hexdigest()
    (submission / "submission.yaml").write_text(yaml.safe_dump(values, sort_keys=False))


def with_scores(record: QueryRecord, score: Callable[[str, float], float]) -> QueryRecord:
    """The same candidates with other scores."""
    assert record.scores is not None
    pairs = zip(record.docids, record.scores, strict=True)
    return record.model_copy(update={"scores": tuple(score(docid, value) for docid, value in pairs)})
