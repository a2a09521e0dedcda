import os
import re
import shutil
from pathlib import Path

import pytest

from benchmark.errors import UserError
from benchmark.harness.store import read_cell
from leaderboard import build, submitted
from leaderboard.stamps import Stamps
from leaderboard.submitted import Submitted, ingest
from tests.support.command import command


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Submissions made by the commands themselves: a good one, and one whose run file was changed."""
    folder = tmp_path_factory.mktemp("submissions")
    root = folder / "submissions"
    for arguments in (
        ["run", "demo", "--method", "first-stage", "--results", str(folder / "results")],
        ["submit", str(folder / "results"), "--contact", "nobody", "--out", str(root)],
    ):
        outcome = command(*arguments)
        assert outcome.status == 0, outcome.err
    (good,) = root.iterdir()
    bad = root / good.name.replace("20", "19", 1)
    shutil.copytree(good, bad)
    next((bad / "runs").glob("*.trec.gz")).write_bytes(b"<b>no gzip</b>")
    return root


def read(root: Path, kept: Path) -> Submitted:
    stamps = Stamps(kept / "files.json")
    found = ingest([root], kept / "cells", stamps)
    stamps.save()
    return found


def test_a_bad_submission_is_named_with_its_reason_and_stops_nothing(packed: Path, tmp_path: Path) -> None:
    found = read(packed, tmp_path)
    assert [cell.request.method.name for cell in map(read_cell, found.cells)] == ["first-stage"]
    (refused,) = found.refused
    assert refused.name.startswith("19")
    assert any("gzip" in problem for problem in refused.problems)


def test_what_is_unchanged_is_not_checked_again_and_what_changed_is(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "submissions"
    shutil.copytree(packed, root)
    checked: list[str] = []
    check = submitted.check

    def counted(folder: Path) -> object:
        checked.append(folder.name)
        return check(folder)

    monkeypatch.setattr(submitted, "check", counted)
    first = read(root, tmp_path / "kept")
    assert len(checked) == 2
    assert read(root, tmp_path / "kept") == first
    assert len(checked) == 2
    # The same bytes, written again.
    description = next(root.glob("20*/submission.yaml"))
    description.write_bytes(description.read_bytes())
    os.utime(description, ns=(1, 1))
    assert read(root, tmp_path / "kept") == first
    assert len(checked) == 2
    description.write_bytes(description.read_bytes() + b"\nmore: 1\n")
    assert len(read(root, tmp_path / "kept").refused) == 2
    assert checked[2:] == [description.parent.name]


def test_runs_with_the_order_of_another_submission_are_flagged_on_the_page(packed: Path, tmp_path: Path) -> None:
    root = tmp_path / "submissions"
    shutil.copytree(next(packed.glob("20*")), root / next(packed.glob("20*")).name)
    (one,) = root.iterdir()
    text = (one / "submission.yaml").read_text(encoding="utf-8")
    day = re.search(r"^date: '?([0-9-]+)'?$", text, re.MULTILINE)
    assert day
    other = root / one.name.replace(day[1], "2024-01-02")
    shutil.copytree(one, other)
    (other / "submission.yaml").write_text(text.replace(day[0], "date: 2024-01-02"), encoding="utf-8")
    found = read(root, tmp_path / "kept")
    assert found.refused == ()
    assert sorted(found.cells.values()) == sorted(f"ranks every topic exactly as {name.name}" for name in (one, other))
    site = build([], tmp_path / "site", submissions=[root], cache=tmp_path / "cache").index.parent
    page = next((site / "runs").glob("*.html")).read_text(encoding="utf-8")
    assert "ranks every topic exactly as" in page


def test_another_version_of_the_code_checks_again(
    packed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(packed, tmp_path)
    monkeypatch.setattr(submitted, "_code", lambda: "another")
    assert read(packed, tmp_path).refused
    assert len([path for path in (tmp_path / "cells").iterdir() if not path.name.startswith(".")]) == 4


def test_the_page_shows_the_good_one_with_its_trust_and_the_bad_one_with_its_reason(
    packed: Path, tmp_path: Path
) -> None:
    report = build([], tmp_path / "site", submissions=[packed], cache=tmp_path / "cache")
    assert (report.rows, len(report.refused)) == (1, 1)
    html = report.index.read_text(encoding="utf-8")
    assert "Submissions that are not shown" in html
    assert report.refused[0].name in html
    assert 'data-trust="submitted"' in html
    again = build([], tmp_path / "site", submissions=[packed], cache=tmp_path / "cache")
    assert again.written == 0


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder of submissions"):
        build([], tmp_path / "site", submissions=[tmp_path / "none"], cache=tmp_path / "cache")
