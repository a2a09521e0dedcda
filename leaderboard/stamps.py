"""Hashes of files, remembered as long as size and time of change stay the same."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark.harness.store import write_atomic
from benchmark.hashing import sha256_file


class Stamps:
    """Sha256 of files by path.

    Args:
        memory: file that remembers between builds; one that is missing or not readable only costs time.
    """

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, list[object]] = _read(memory)
        self._seen: dict[str, list[object]] = {}

    def sha256(self, path: Path) -> str:
        """Hash of a plain file's bytes."""
        name = str(path)
        found = path.stat()
        stamp = [found.st_size, found.st_mtime_ns, found.st_ino]
        known = self._known.get(name)
        if known is None or known[1:] != stamp:
            known = [sha256_file(path), *stamp]
        self._seen[name] = known
        return str(known[0])

    def save(self) -> None:
        """Remember what was asked for; the rest is forgotten."""
        if self._seen != self._known:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(self._memory, json.dumps(self._seen))


def _read(memory: Path) -> dict[str, list[object]]:
    try:
        known = json.loads(memory.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}
