"""Hashes of files, remembered as long as size and time of change stay the same."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Container, Iterable
from pathlib import Path
from sys import intern

from benchmark.errors import UserError
from benchmark.harness.store import bytes_of, write_atomic
from benchmark.hashing import sha256_bytes, sha256_file

Known = str
"""Of one folder: name, stamp and sha256 of each file. One text, since there are tens of thousands of folders."""

END = "\0"
"""Of what is known of a file: no file's name has it, while it may have any other character."""


class Stamps:
    """Sha256 of files, by folder.

    Args:
        memory: file that remembers between builds; one that is missing or not readable only costs time.
    """

    def __init__(self, memory: Path | None = None) -> None:
        self._memory = memory
        self._before: dict[str, Known] = _read(memory) if memory else {}
        self._seen: dict[str, Known] = {}
        self._changed = True

    def look(self, folder: Path, names: Iterable[str], keep: Container[str] = ()) -> tuple[Known, dict[str, bytes]]:
        """Those of some files that are there, and the contents of those to ``keep``, which are read once.

        Raises:
            UserError: one is a symbolic link: what is published is made of plain files.
        """
        lines = self._before.get(str(folder), "").split(END)
        hashes = {stamp: sha256 for stamp, _, sha256 in (line.rpartition(" ") for line in lines)}
        found: list[str] = []
        contents: dict[str, bytes] = {}
        for name in names:
            path = f"{folder}/{name}"
            try:
                look = os.lstat(path)
            except FileNotFoundError:
                continue
            if not stat.S_ISREG(look.st_mode):
                raise UserError(f"{path}: a symbolic link or no file. What is published is made of plain files.")
            stamp = f"{name} {look.st_size} {look.st_mtime_ns} {look.st_ino}"
            sha256 = hashes.get(stamp)
            if name in keep:
                contents[name] = bytes_of(path)
                sha256 = sha256 or sha256_bytes(contents[name])
            found.append(f"{stamp} {sha256 or sha256_file(path)}")
        known = END.join(found)
        self.add(folder, known)
        return known, contents

    def add(self, folder: Path, known: Known) -> None:
        """Take over what another process found in a folder."""
        self._seen[str(folder)] = known

    def forget(self) -> None:
        """Hold no longer what was known before, once everything was asked for."""
        self._changed = self._seen != self._before
        self._before = {}

    def save(self) -> None:
        """Remember what was asked for; the rest is forgotten."""
        if self._changed and self._memory:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._memory, json.dumps(self._seen))


def files_of(known: Known) -> list[tuple[str, int, str]]:
    """Name, size in bytes and sha256 of each file."""
    found = []
    for line in known.split(END) if known else ():
        name, size, _, _, sha256 = line.rsplit(" ", 4)
        # One text for all folders.
        found.append((intern(name), int(size), sha256))
    return found


def _read(memory: Path) -> dict[str, Known]:
    try:
        known = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
