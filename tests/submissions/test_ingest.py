"""Many submissions at once, and what the leaderboard gets of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from benchmark.harness.record import Standing
from benchmark.harness.store import read_cells
from leaderboard.site import build
from tests.support.command import command
from tests.support.forgery import Values, describe, forge, read_lines, with_scores


def test_a_bad_one_does_not_stop_the_others(submissions: Path, submission: Path, tmp_path: Path) -> None:
    bad = submissions / "2020-01-01-bad-one"
    shutil.copytree(submission, bad)
    (submissions / "a-file").write_text("not looked at")
    (submissions / "empty").mkdir()
    result = command("ingest", submissions, "--out", tmp_path / "cells", "--summary", tmp_path / "found.md")
    assert result.status == 2
    assert result.out == "3 submissions checked, 2 refused.\n"
    assert [line.partition(":")[0] for line in result.problems] == [bad.name, "empty"]
    (cell,) = read_cells(tmp_path / "cells")
    assert cell.standing is not None
    assert (cell.standing.trust, cell.standing.submission) == ("submitted", submission.name)
    assert f"### `{submission.name}`: accepted" in (tmp_path / "found.md").read_text()


def test_the_cell_is_the_one_that_was_run(packed: Path, tmp_path: Path) -> None:
    assert command("ingest", packed, "--out", tmp_path / "cells").status == 0
    (ours,) = read_cells(packed.parent / "results")
    (theirs,) = read_cells(tmp_path / "cells")
    assert theirs.request == ours.request
    assert theirs.records == ours.records
    assert theirs.summary == ours.summary
    assert (theirs.folder / "run.trec").read_bytes() == (ours.folder / "run.trec").read_bytes()
    # The same run twice is one row, and the row says that it was submitted.
    assert build([packed.parent / "results", tmp_path / "cells"], tmp_path / "site").rows == 1
    assert 'data-trust="submitted"' in (tmp_path / "site" / "index.html").read_text()
    (page,) = (tmp_path / "site" / "runs").glob("*.html")
    assert "<strong>Submitted.</strong> Sent as" in page.read_text()
    # The ledger has the same method: its history belongs to the row.
    assert "First measured when the ledger was made." in page.read_text()
    (download,) = (tmp_path / "site" / "data" / "runs").glob("*.zip")
    assert "standing.json" in ZipFile(download).namelist()


def test_only_the_named_ones(submissions: Path, submission: Path) -> None:
    (submissions / "empty").mkdir()
    assert command("ingest", submissions, "--only", submission.name).status == 0
    assert command("ingest", submissions, "--only", "other").problems == [
        f"Unknown submission 'other'. Known: {submission.name}, empty."
    ]


def test_links_to_elsewhere_are_refused(submissions: Path, submission: Path, tmp_path: Path) -> None:
    (submissions / "linked").symlink_to(submission, target_is_directory=True)
    assert command("ingest", submissions).problems == [
        "linked: " + f"{submissions / 'linked'}: a link. A submission is made of plain files."
    ]
    (tmp_path / "all").symlink_to(submissions, target_is_directory=True)
    assert command("ingest", tmp_path / "all").problems == [f"{tmp_path / 'all'}: no folder of submissions."]


def test_copies_are_flagged_under_whatever_name(submissions: Path, submission: Path) -> None:
    again = submissions / "2020-01-01-first-stage-no-backbone"
    shutil.copytree(submission, again)
    describe(again, lambda values: values.update(date="2020-01-01", contact="another one"))
    # Another method's name, another scale of scores: the order gives it away.
    renamed = submissions / "2020-01-01-mine-no-backbone"
    shutil.copytree(submission, renamed)

    def rename(values: Values) -> None:
        values.update(date="2020-01-01", method="mine")
        values["runs"][0]["request"]["method"]["name"] = "mine"

    describe(renamed, rename)
    forge(renamed, [with_scores(record, lambda docid, score: score * 2 + 1) for record in read_lines(renamed)])
    result = command("ingest", submissions)
    assert result.status == 0, result.err
    flagged = [line for line in result.err.splitlines() if "ranks every topic exactly as" in line]
    assert len(flagged) == 3
    assert f"exactly as {again.name}, {submission.name}" in next(
        line for line in flagged if line.startswith(renamed.name)
    )


def test_what_breaks_while_it_is_written_stops_no_other(
    submissions: Path, submission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = submissions / "2020-01-01-first-stage-no-backbone"
    shutil.copytree(submission, again)
    describe(again, lambda values: values.update(date="2020-01-01"))

    def standing(name: str, *arguments: object) -> Standing:
        if name == again.name:
            raise OverflowError("too large")
        return Standing(submission=name, trust="submitted")

    monkeypatch.setattr("benchmark.submissions.ingest.standing", standing)
    result = command("ingest", submissions, "--out", tmp_path / "cells")
    assert result.problems == [f"{again.name}: cannot be summarised (OverflowError: too large)."]
    (cell,) = read_cells(tmp_path / "cells")
    assert cell.standing == Standing(submission=submission.name, trust="submitted")
    assert len(list((tmp_path / "cells").iterdir())) == 1


def test_folders_whose_names_are_made_to_hurt(submissions: Path, submission: Path, tmp_path: Path) -> None:
    for name in (b"bad\xff\x1b[31m", b"a\n# Heading", b"--only=x", b"$(id)`id`", b"...", "2026-\u202e".encode()):
        shutil.copytree(submission, os.fsdecode(os.fsencode(submissions) + b"/" + name))
    result = command("ingest", submissions, "--out", tmp_path / "cells", "--summary", tmp_path / "found.md")
    assert result.out == "7 submissions checked, 6 refused.\n"
    assert all(line.isprintable() for line in result.err.splitlines())
    assert len([line for line in (tmp_path / "found.md").read_text().splitlines() if line.startswith("#")]) == 8
    assert len(read_cells(tmp_path / "cells")) == 1


def test_markdown_cannot_be_broken_out_of(submission: Path, tmp_path: Path) -> None:
    describe(submission, lambda values: values.update(method="`<img src=x>`|[x](https://e.org)"))
    command("ingest", submission.parent, "--summary", tmp_path / "found.md")
    text = (tmp_path / "found.md").read_text()
    assert all(line.count("`") % 2 == 0 for line in text.splitlines())
    assert "'<img src=x>'" in text


def test_unfinished_cells_are_named_and_left_out(packed: Path, tmp_path: Path) -> None:
    results = Path(shutil.copytree(packed.parent / "results", tmp_path / "results"))
    (cell,) = (path.parent for path in results.glob("*/request.json"))
    shutil.copytree(cell, results / "unfinished")
    (results / "unfinished" / "summary.json").unlink()
    result = command("submit", results, "--out", tmp_path / "out", "--contact", "me")
    assert result.status == 0, result.err
    assert f"{results / 'unfinished'}: note: not finished, left out." in result.err
    assert len(list((tmp_path / "out").iterdir())) == 1
    again = command("submit", results, "--out", tmp_path / "out", "--contact", "me")
    assert again.status == 2
    assert again.out == ""


def test_submitting_says_what_is_missing(tmp_path: Path, packed: Path) -> None:
    (tmp_path / "results").mkdir()
    assert command("submit", tmp_path / "results", "--contact", "me").problems == [
        "There is no finished cell to submit. Run a suite to its end first: rerankbench run nano."
    ]
    results = packed.parent / "results"
    again = command("submit", results, "--out", packed, "--contact", "me")
    assert len(again.problems) == 1
    assert "exists. Remove it" in again.problems[0]
    bad = command("submit", results, "--out", tmp_path, "--contact", "me\nand you", "--licence", "as you like")
    assert [problem.split(":")[0] for problem in bad.problems] == ["'contact'", "'licence'"]
