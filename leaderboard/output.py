"""The folder that a site is written to: only what changed, and nothing before everything is there."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from benchmark.harness.store import write_atomic
from leaderboard.forks import spread

MARKER = ".rerankbench-site"
"""A folder without this file is not ours and is never replaced."""

MARKER_TEXT = "Made by rerankbench. This folder is replaced as a whole by the next build: keep nothing else in it.\n"

Content = str | bytes | Callable[[Path], None]
"""Of a file; a function writes it to the path that it is given."""

Stamp = tuple[str, int, int]
"""Path, size and time of change of a file of the site."""

FEW = 20
"""Groups of no batch that are made together; for so few no other process is worth its start."""


@dataclass(frozen=True)
class _Group:
    name: str
    key: Callable[[], str]
    files: Callable[[], Mapping[str, Content]]


class Output:
    """Files that are going to be the site, in groups that are made or kept together.

    A group that an earlier build wrote under the same key, and whose files were not touched since, stays as it is. What
    is new waits in a folder beside the site until `finish`.

    Args:
        target: folder of the site.
        memory: file that remembers what earlier builds wrote there; one that is missing only costs time.
        scratch: an empty folder on the same disk.
    """

    def __init__(self, target: Path, memory: Path, scratch: Path) -> None:
        self._target = target
        self._memory = memory
        self._scratch = scratch
        self._before = _read(memory) if target.is_dir() else {}
        self._batches: dict[str, list[_Group]] = {}
        self._kept: dict[str, list[object]] = {}
        self._made: dict[str, tuple[str, list[Stamp]]] = {}
        self._paths: set[str] = set()
        self._new: set[str] = set()
        self._folders: set[str] = set()

    @property
    def written(self) -> int:
        """How many files are new."""
        return sum(len(stamps) for _, stamps in self._made.values())

    def add(
        self, group: str, key: Callable[[], str], files: Callable[[], Mapping[str, Content]], batch: str = ""
    ) -> None:
        """Keep some files, or have `make` make them.

        Args:
            group: its name, unique; key: changes with the content of its files; files: content by path. Both may be
                asked for by another process.
            batch: groups of one batch are made in their order by one process; those without one are made anywhere.
        """
        known = self._before.get(group)
        if known is not None and known[0] == key() and self._untouched(known):
            self._take(str(path) for path in known[1::3])
            self._kept[group] = known
        else:
            self._batches.setdefault(batch, []).append(_Group(group, key, files))

    def make(self, jobs: int = 1) -> None:
        """Make what was added and is not kept, with so many processes."""
        alone = self._batches.pop("", [])
        batches = [*self._batches.values(), *(alone[start : start + FEW] for start in range(0, len(alone), FEW))]
        # The large ones first, so that no process is left with one at the end.
        batches.sort(key=len, reverse=True)
        enough = sum(len(batch) for batch in batches) > FEW
        made = spread(lambda number: self._make(batches[number]), len(batches), jobs if enough else 1)
        for batch, found in zip(batches, made, strict=True):
            for group, (key, stamps) in zip(batch, found, strict=True):
                self._take(path for path, _, _ in stamps)
                self._new.update(path for path, _, _ in stamps)
                self._made[group.name] = (key, stamps)
        self._batches.clear()

    def key(self, group: str) -> str:
        """Key of a group that was kept or made."""
        return self._made[group][0] if group in self._made else str(self._kept[group][0])

    def paths(self, group: str) -> list[str]:
        """Files of a group that was kept or made."""
        if group in self._made:
            return [path for path, _, _ in self._made[group][1]]
        return [str(path) for path in self._kept[group][1::3]]

    def place(self, path: str) -> str:
        """Where a file of the site is now: a new one, or one that is kept."""
        return f"{self._scratch if path in self._new else self._target}/{path}"

    def finish(self) -> None:
        """Make the site: new files move in, others that do not belong to it are removed."""
        (self._scratch / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        # Killed from here on, the next build knows nothing of this one and writes everything.
        self._memory.unlink(missing_ok=True)
        if self._before:
            self._move()
        else:
            self._swap()
        made = {group: [key, *chain.from_iterable(stamps)] for group, (key, stamps) in self._made.items()}
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._memory, json.dumps(self._kept | made))

    def _swap(self) -> None:
        old = self._scratch.with_name("old")
        if self._target.exists():
            self._target.rename(old)
        try:
            self._scratch.rename(self._target)
        except OSError:
            if old.exists():
                old.rename(self._target)
            raise

    def _move(self) -> None:
        for _, stamps in self._made.values():
            for path, _, _ in stamps:
                place = self._target / path
                place.parent.mkdir(parents=True, exist_ok=True)
                (self._scratch / path).replace(place)
        for folder, _, names in os.walk(self._target, topdown=False):
            inside = Path(folder).relative_to(self._target).as_posix()
            for name in names:
                path = name if inside == "." else f"{inside}/{name}"
                if path not in self._paths and path != MARKER:
                    Path(folder, name).unlink()
            if inside != "." and not any(Path(folder).iterdir()):
                Path(folder).rmdir()

    def _make(self, batch: Sequence[_Group]) -> list[tuple[str, list[Stamp]]]:
        return [
            (group.key(), [self._write(path, content) for path, content in group.files().items()]) for group in batch
        ]

    def _write(self, path: str, content: Content) -> Stamp:
        # Texts and not pathlib's objects, since there may be hundreds of thousands of files.
        place = f"{self._scratch}/{path}"
        folder = place.rpartition("/")[0]
        if folder not in self._folders:
            os.makedirs(folder, exist_ok=True)  # noqa: PTH103
            self._folders.add(folder)
        if callable(content):
            content(Path(place))
            found = os.lstat(place)
        else:
            # A lone surrogate, which a hostile name may hold, is no text.
            left = memoryview(content.encode("utf-8", "replace") if isinstance(content, str) else content)
            number = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
            try:
                while left:
                    left = left[os.write(number, left) :]
                found = os.fstat(number)
            finally:
                os.close(number)
        return path, found.st_size, found.st_mtime_ns

    def _take(self, paths: Iterable[str]) -> None:
        for path in paths:
            if path in self._paths:
                raise ValueError(f"{path}: two pages of this site have the same address")
            self._paths.add(path)

    def _untouched(self, known: list[object]) -> bool:
        """Whether each file has the size and the time of change that it was written with."""
        try:
            for place in range(1, len(known), 3):
                found = os.lstat(f"{self._target}/{known[place]}")
                if found.st_size != known[place + 1] or found.st_mtime_ns != known[place + 2]:
                    return False
        except OSError:
            return False
        return True


@contextmanager
def replacing(target: Path, memory: Path) -> Iterator[Output]:
    """An `Output` whose files become the site when the block ends without an error."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".rerankbench-site-", dir=target.parent) as folder:
        scratch = Path(folder) / "new"
        scratch.mkdir()
        output = Output(target, memory, scratch)
        yield output
        output.finish()


def _read(memory: Path) -> dict[str, list[object]]:
    try:
        known = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
