"""Hashes of files, remembered as long as size and time of change stay the same."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from benchmark.errors import UserError
from benchmark.harness.store import write_atomic
from benchmark.hashing import sha256_file

Known = str
"""Of one folder: a line for each file with its name, stamp and sha256. One text, since there are tens of thousands."""


class Stamps:
    """Sha256 of files, by folder.

    Args:
        memory: file that remembers between builds; one that is missing or not readable only costs time.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._before: dict[str, Known] = _read(memory)
        self._seen: dict[str, Known] = {}
        self._changed = True

    def files(self, folder: Path, names: Iterable[str]) -> list[tuple[str, int, str]]:
        """Name, size in bytes and sha256 of those of some files that are there.

        Raises:
            UserError: one is a symbolic link: what is published is made of plain files.
        """
        lines = self._before.get(str(folder), "").splitlines()
        known = {stamp: sha256 for stamp, _, sha256 in (line.rpartition(" ") for line in lines)}
        kept, found = [], []
        for name in names:
            path = f"{folder}/{name}"
            try:
                look = os.lstat(path)
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(look.st_mode):
                raise UserError(f"{path}: a symbolic link or no file. What is published is made of plain files.")
            stamp = f"{name} {look.st_size} {look.st_mtime_ns} {look.st_ino}"
            sha256 = known.get(stamp) or sha256_file(path)
            kept.append(f"{stamp} {sha256}")
            found.append((name, look.st_size, sha256))
        self._seen[str(folder)] = "\n".join(kept)
        return found

    def of(self, folder: Path) -> Known:
        """What this object found in a folder."""
        return self._seen.get(str(folder), "")

    def add(self, folder: Path, known: Known) -> None:
        """Take over what another process found in a folder."""
        self._seen[str(folder)] = known

    def forget(self) -> None:
        """Hold no longer what was known before, once everything was asked for."""
        self._changed = self._seen != self._before
        self._before = {}

    def save(self) -> None:
        """Remember what was asked for; the rest is forgotten."""
        if self._changed:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._memory, json.dumps(self._seen))


def _read(memory: Path) -> dict[str, Known]:
    try:
        known = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
