"""The folder that a site is written to: only what changed, and nothing before everything is there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from benchmark.harness.store import write_atomic

MARKER = ".rerankbench-site"
"""A folder without this file is not ours and is never replaced."""

MARKER_TEXT = "Made by rerankbench. This folder is replaced as a whole by the next build: keep nothing else in it.\n"

Content = str | bytes | Path
"""Of a file; a path: a copy of the file there."""


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
        self._kept: dict[str, list[object]] = {}
        self._made: dict[str, tuple[str, list[str]]] = {}
        self._paths: set[str] = set()
        self._folders: set[Path] = set()

    @property
    def written(self) -> int:
        """How many files are new."""
        return sum(len(paths) for _, paths in self._made.values())

    def add(self, group: str, key: str, files: Callable[[], Mapping[str, Content]]) -> list[str]:
        """Make or keep some files.

        Args:
            group: its name, unique; key: changes with the content of its files.
            files: content by path; not called if the files stay.

        Returns:
            Their paths.
        """
        known = self._before.get(group)
        if known is not None and known[0] == key and self._untouched(known):
            paths = [str(path) for path in known[1::3]]
            self._take(paths)
            self._kept[group] = known
            return paths
        made = files()
        paths = list(made)
        self._take(paths)
        self._made[group] = (key, paths)
        for path, content in made.items():
            self._write(path, content)
        return paths

    def read(self, path: str) -> bytes:
        """A file of the site, new or old."""
        new = self._scratch / path
        return (new if new.is_file() else self._target / path).read_bytes()

    def finish(self) -> None:
        """Make the site: new files move in, others that do not belong to it are removed."""
        (self._scratch / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        # Killed from here on, the next build knows nothing of this one and writes everything.
        self._memory.unlink(missing_ok=True)
        if self._before:
            self._move()
        else:
            self._swap()
        known = self._kept | {group: [key, *self._stamps(paths)] for group, (key, paths) in self._made.items()}
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(self._memory, json.dumps(known))

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
        for _, paths in self._made.values():
            for path in paths:
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

    def _write(self, path: str, content: Content) -> None:
        place = self._scratch / path
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        if isinstance(content, Path):
            shutil.copyfile(content, place)
        else:
            # A lone surrogate, which a hostile name may hold, is no text.
            place.write_bytes(content.encode("utf-8", "replace") if isinstance(content, str) else content)

    def _take(self, paths: list[str]) -> None:
        for path in paths:
            if path in self._paths:
                raise ValueError(f"{path}: two pages of this site have the same address")
            self._paths.add(path)

    def _untouched(self, known: list[object]) -> bool:
        try:
            return known[1:] == self._stamps([str(path) for path in known[1::3]])
        except OSError:
            return False

    def _stamps(self, paths: list[str]) -> list[object]:
        """Path, size and time of change of each, one after the other."""
        out: list[object] = []
        for path in paths:
            found = os.lstat(f"{self._target}/{path}")
            out += (path, found.st_size, found.st_mtime_ns)
        return out


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
