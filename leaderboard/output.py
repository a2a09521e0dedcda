"""The folder that a site is written to: only what changed, and nothing before everything is there."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmark.harness.store import write_atomic

MARKER = ".rerankbench-site"
"""A folder without this file is not ours and is never replaced."""

MARKER_TEXT = "Made by rerankbench. This folder is replaced as a whole by the next build: keep nothing else in it.\n"


class Output:
    """Files that are going to be the site.

    A file that was written by an earlier build from the same content, and was not touched since, stays as it is. What
    is new waits in a folder beside the site until `finish`.

    Args:
        target: folder of the site; memory: file that remembers what earlier builds wrote there.

    Attributes:
        written: files that were not there already.
    """

    def __init__(self, target: Path, memory: Path, scratch: Path) -> None:
        self._target = target
        self._memory = memory
        self._scratch = scratch
        self._before: dict[str, list[object]] = _read(memory) if target.is_dir() else {}
        self._now: dict[str, tuple[str, Sequence[str]]] = {}
        self._made: set[str] = set()
        self._folders: set[Path] = set()

    @property
    def written(self) -> int:
        """How many files are new."""
        return len(self._made)

    def keep(self, path: str, key: str) -> list[str] | None:
        """Let a file and what belongs to it stay, if all are there with this key.

        Returns:
            Paths of what belongs to it; None: something is missing, and nothing was decided.
        """
        known = self._before.get(path)
        if known is None:
            return None
        belonging = [str(name) for name in known[3:]]
        wanted = [path, *belonging]
        if not all(self._is_there(name, key) for name in wanted):
            return None
        for name in wanted:
            self._take(name, key, belonging if name == path else [])
        return belonging

    def put(self, path: str, key: str, content: str | bytes, belonging: Sequence[str] = ()) -> None:
        """Write a file.

        Args:
            key: changes with its content.
            belonging: files that were put with the same key, and are kept or made anew together with it.
        """
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        self._place(path, key, belonging).write_bytes(data)

    def copy(self, path: str, key: str, source: Path) -> None:
        """Write a file with the content of another one."""
        shutil.copyfile(source, self._place(path, key))

    def read(self, path: str) -> bytes:
        """A file of the site, new or old."""
        return (self._scratch / path if path in self._made else self._target / path).read_bytes()

    def finish(self) -> None:
        """Make the site: new files move in, others that do not belong to it are removed."""
        (self._scratch / MARKER).write_text(MARKER_TEXT, encoding="utf-8")
        # Killed from here on, the next build knows nothing of this one and writes everything.
        self._memory.unlink(missing_ok=True)
        if self._before:
            self._move()
        else:
            self._swap()
        known = {path: [key, *_stamp(self._target / path), *belonging] for path, (key, belonging) in self._now.items()}
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
        for path in self._made:
            place = self._target / path
            place.parent.mkdir(parents=True, exist_ok=True)
            (self._scratch / path).replace(place)
        kept = {*self._now, MARKER}
        for folder, _, names in os.walk(self._target, topdown=False):
            inside = Path(folder).relative_to(self._target).as_posix()
            for name in names:
                if (name if inside == "." else f"{inside}/{name}") not in kept:
                    (Path(folder) / name).unlink()
            if inside != "." and not any(Path(folder).iterdir()):
                Path(folder).rmdir()

    def _is_there(self, path: str, key: str) -> bool:
        known = self._before.get(path)
        try:
            return known is not None and known[:3] == [key, *_stamp(self._target / path)]
        except OSError:
            return False

    def _take(self, path: str, key: str, belonging: Sequence[str]) -> None:
        if path in self._now:
            raise ValueError(f"{path}: two pages of this site have the same address")
        self._now[path] = (key, belonging)

    def _place(self, path: str, key: str, belonging: Sequence[str] = ()) -> Path:
        self._take(path, key, belonging)
        self._made.add(path)
        place = self._scratch / path
        if place.parent not in self._folders:
            place.parent.mkdir(parents=True, exist_ok=True)
            self._folders.add(place.parent)
        return place


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


def _stamp(path: Path) -> list[int]:
    found = path.lstat()
    return [found.st_size, found.st_mtime_ns]


def _read(memory: Path) -> dict[str, list[object]]:
    try:
        known = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
