"""Build the site: read cells, write pages and data beside them, and swap the finished folder in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmark.collections import catalogue
from benchmark.errors import UserError
from benchmark.harness.store import STANDING
from benchmark.hashing import sha256_file
from benchmark.regression import record as regression
from leaderboard import render
from leaderboard.grouping import sections
from leaderboard.reading import read
from leaderboard.render import DataFile
from leaderboard.rows import Row
from methods import registry
from methods.card import Card

MARKER = ".rerankbench-site"
"""A folder without this file is not ours and is never replaced."""

MARKER_TEXT = "Made by rerankbench. This folder is replaced as a whole by the next build: keep nothing else in it.\n"

DATA_FILES = ("run.trec", "queries.jsonl", "request.json", "machine.json", "summary.json")
"""What is offered of a cell, where its folder has it."""

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True)
class BuildReport:
    """What was built.

    Attributes:
        rows: cells shown, incomplete ones included; pages: HTML pages; index: the page to open.
    """

    rows: int
    pages: int
    index: Path


def build(results: Sequence[Path], out: Path) -> BuildReport:
    """Build the site of some results folders at ``out``; the same input gives the same bytes.

    A site that is there already is replaced when the new one is complete, never before.

    Args:
        results: results folders, in any order; a run that is in several of them is shown once.
        out: folder of the site; created with its parents.

    Raises:
        UserError: a results folder is missing or not readable, none holds a run, or ``out`` is something else than
            a site made by this function or an empty folder.
    """
    target = out.resolve()
    _require_replaceable(target, results)
    shown = sections(read(results), catalogue.entries())
    if not shown:
        folders = ", ".join(str(path) for path in results) or "no folder given"
        raise UserError(f"There is no run to show in {folders}. Run a suite first: rerankbench run demo.")
    cards = _cards({row.request.method.name for section in shown for row in section.rows})
    target.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(target) as folder:
        rows = [row for section in shown for row in section.rows]
        data = {row.page: _copy_data(row, folder / "data" / row.page) for row in rows}
        pages = render.pages(shown, cards, data, list(regression.read().values()))
        for name, html in pages.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(html, encoding="utf-8", newline="\n")
        for path in sorted(STATIC.iterdir()):
            shutil.copyfile(path, folder / path.name)
        (folder / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
    return BuildReport(len(rows), len(pages), out / "index.html")


def is_site(folder: Path) -> bool:
    """Whether `build` made this folder."""
    return (folder / MARKER).is_file()


def _require_replaceable(target: Path, results: Sequence[Path]) -> None:
    if target.exists() and not is_site(target) and not (target.is_dir() and not any(target.iterdir())):
        raise UserError(
            f"{target}: exists and is not a site made by rerankbench (no {MARKER} in it), so it is left alone. "
            "Choose another output folder."
        )
    inside = [path for path in results if path.resolve().is_relative_to(target)]
    if inside:
        raise UserError(f"{inside[0]}: lies in the output folder {target}, which is replaced. Choose another one.")


def _cards(names: set[str]) -> Mapping[str, Card]:
    """Cards of the methods that are known here; results may come from plugins that are not installed."""
    found = {}
    for name in sorted(names):
        try:
            found[name] = registry.find(name).card
        except UserError:
            continue
    return found


def _copy_data(row: Row, folder: Path) -> list[DataFile]:
    folder.mkdir(parents=True)
    files = []
    for name in (*DATA_FILES, STANDING):
        source = row.cell.folder / name
        if source.is_symlink():
            raise UserError(f"{source}: a symbolic link. A published run is made of plain files; put the file there.")
        if source.is_file():
            shutil.copyfile(source, folder / name)
            files.append(DataFile(name, source.stat().st_size, sha256_file(folder / name)))
    return files


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A new folder beside ``target`` that takes its place when the block ends without an error."""
    with tempfile.TemporaryDirectory(prefix=".rerankbench-site-", dir=target.parent) as scratch:
        new, old = Path(scratch) / "new", Path(scratch) / "old"
        new.mkdir()
        yield new
        if target.exists():
            target.rename(old)
        try:
            new.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
