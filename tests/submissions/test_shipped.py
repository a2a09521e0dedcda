"""The submissions of this repository, as far as their collections come with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.collections import catalogue
from benchmark.collections.spec import FolderSource
from benchmark.submissions import plain_yaml
from benchmark.submissions.record import DESCRIPTION, RECORDS
from benchmark.submissions.trust import read_records
from benchmark.submissions.validate import check
from tests.conftest import ROOT

FOLDER = ROOT / "submissions"
ALL = sorted(path for path in FOLDER.iterdir() if path.is_dir() and path.name != RECORDS)


def comes_with_us(submission: Path) -> bool:
    values = plain_yaml.load((submission / DESCRIPTION).read_bytes(), str(submission))
    asked = [run["request"]["collection"] for run in values["runs"]]
    entries = [(catalogue.entry(each["name"]), each["split"]) for each in asked]
    return all(spec is not None and isinstance(spec.splits[split].source, FolderSource) for spec, split in entries)


@pytest.mark.parametrize("submission", ALL, ids=lambda path: path.name)
def test_nothing_is_refused(submission: Path) -> None:
    if not comes_with_us(submission):
        pytest.skip("its collection has to be downloaded")
    assert check(submission).problems == []


def test_records_are_of_submissions_that_are_there() -> None:
    known = {path.name for path in ALL}
    assert {record.submission for record in read_records(FOLDER / RECORDS)} <= known
