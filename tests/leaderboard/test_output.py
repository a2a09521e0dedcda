import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from leaderboard.output import FEW, MARKER, Content, Output, replacing

Files = dict[str, str | Path]


def make(tmp_path: Path, pages: dict[str, tuple[str, Files]], jobs: int = 1) -> tuple[int, list[str]]:
    """Write groups given as key and files; returns the number of new files and the groups that were made."""
    made: list[str] = []
    with replacing(tmp_path / "site", tmp_path / "memory.json") as output:
        for group, (key, files) in pages.items():

            def content(group: str = group, files: Files = files) -> dict[str, Content]:
                made.append(group)
                return {
                    path: partial(shutil.copyfile, given) if isinstance(given, Path) else given
                    for path, given in files.items()
                }

            output.add(group, partial(str, key), content)
        output.make(jobs)
        for group, (_, files) in pages.items():
            assert output.paths(group) == list(files)
        written = output.written
    return written, made


def content(folder: Path) -> dict[str, str]:
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != MARKER)
    return {path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_what_did_not_change_is_not_made_again_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("ranking", encoding="utf-8")
    pages: dict[str, tuple[str, Files]] = {
        "a": ("1", {"a.html": "A", "data/a.csv": "x"}),
        "b": ("1", {"deep/b/run": tmp_path / "run"}),
    }
    assert make(tmp_path, pages) == (3, ["a", "b"])
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "site").rglob("*") if path.is_file()}
    assert make(tmp_path, pages) == (0, [])
    assert {path: path.stat().st_mtime_ns for path in before} == before
    pages["a"] = ("2", {"a.html": "AA", "data/a.csv": "x"})
    assert make(tmp_path, pages) == (2, ["a"])
    assert content(tmp_path / "site") == {"a.html": "AA", "data/a.csv": "x", "deep/b/run": "ranking"}


def test_what_no_longer_belongs_is_removed_with_its_folder(tmp_path: Path) -> None:
    make(tmp_path, {"a": ("1", {"a.html": "A"}), "b": ("1", {"deep/b.html": "B"})})
    make(tmp_path, {"a": ("1", {"a.html": "A"})})
    assert content(tmp_path / "site") == {"a.html": "A"}
    assert not (tmp_path / "site" / "deep").exists()


@pytest.mark.parametrize("harm", ["changed", "removed", "forgotten"])
def test_files_that_were_touched_are_made_again(tmp_path: Path, harm: str) -> None:
    pages: dict[str, tuple[str, Files]] = {"a": ("1", {"a.html": "A", "a.csv": "x"})}
    make(tmp_path, pages)
    if harm == "changed":
        (tmp_path / "site" / "a.csv").write_text("forged", encoding="utf-8")
    elif harm == "removed":
        (tmp_path / "site" / "a.csv").unlink()
    else:
        (tmp_path / "memory.json").write_text("not JSON", encoding="utf-8")
    assert make(tmp_path, pages) == (2, ["a"])
    assert content(tmp_path / "site") == {"a.html": "A", "a.csv": "x"}


def test_an_error_leaves_the_site_as_it_was(tmp_path: Path) -> None:
    make(tmp_path, {"a": ("1", {"a.html": "A"})})

    def build_badly() -> None:
        with replacing(tmp_path / "site", tmp_path / "memory.json") as output:
            output.add("a", lambda: "2", lambda: {"a.html": "new"})
            output.make()
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        build_badly()
    assert content(tmp_path / "site") == {"a.html": "A"}
    assert make(tmp_path, {"a": ("1", {"a.html": "A"})}) == (0, [])


def test_a_build_that_is_killed_while_files_move_is_repaired_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Output) -> None:
        raise KeyboardInterrupt

    make(tmp_path, {"a": ("1", {"a.html": "A"}), "b": ("1", {"b.html": "B"})})
    with monkeypatch.context() as patch:
        patch.setattr(Output, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path, {"a": ("2", {"a.html": "AA"}), "b": ("1", {"b.html": "B"})})
    assert make(tmp_path, {"a": ("2", {"a.html": "AA"}), "b": ("1", {"b.html": "B"})})[0] == 2
    assert content(tmp_path / "site") == {"a.html": "AA", "b.html": "B"}


def test_two_pages_with_one_address_are_an_error_and_never_one_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a\.html: two pages"):
        make(tmp_path, {"a": ("1", {"a.html": "A"}), "b": ("1", {"a.html": "B"})})
    assert not (tmp_path / "site").exists()


def test_files_of_this_and_of_an_earlier_build_can_be_read(tmp_path: Path) -> None:
    make(tmp_path, {"a": ("1", {"a.csv": "A"})})
    with replacing(tmp_path / "site", tmp_path / "memory.json") as output:
        output.add("a", lambda: "1", dict)
        output.add("b", lambda: "1", lambda: {"b.csv": "B\ud800"})
        output.make()
        assert (Path(output.place("a.csv")).read_bytes(), Path(output.place("b.csv")).read_bytes()) == (b"A", b"B?")


def test_groups_of_a_batch_are_made_in_order_and_by_one_process(tmp_path: Path) -> None:
    seen: dict[str, list[str]] = {}

    def files(batch: str, name: str) -> dict[str, Content]:
        seen.setdefault(batch, []).append(name)
        return {f"{batch}/{name}": f"{os.getpid()} {' '.join(seen[batch])}"}

    with replacing(tmp_path / "site", tmp_path / "memory.json") as output:
        for number in range(FEW):
            for batch in ("x", "y"):
                output.add(f"{batch}{number}", lambda: "1", partial(files, batch, f"{number:03}"), batch)
        output.make(2)
        assert output.written == 2 * FEW
    for batch in ("x", "y"):
        texts = [path.read_text().split() for path in sorted((tmp_path / "site" / batch).iterdir())]
        assert len({process for process, *_ in texts}) == 1
        assert [len(names) for _, *names in texts] == list(range(1, FEW + 1))
    before = content(tmp_path / "site")
    with replacing(tmp_path / "site", tmp_path / "memory.json") as output:
        for number in range(FEW):
            for batch in ("x", "y"):
                output.add(f"{batch}{number}", lambda: "1", dict, batch)
        output.make(2)
        assert output.written == 0
    assert content(tmp_path / "site") == before
