"""Content hashes: of files, of canonical JSON, of source folders."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SOURCES = {".py", ".json"}
"""Suffixes of files that may change what a plugin computes: code, and data such as head sets."""

SMALL = 1 << 20
"""Bytes up to which a file is hashed in one piece."""

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_file(path: Path | str) -> str:
    """Hex sha256 of a file's bytes."""
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
        # Of a small file the buffer of `file_digest` takes longer than the hash.
        if os.fstat(stream.fileno()).st_size <= SMALL:
            return sha256_bytes(stream.read())
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_bytes(data: bytes) -> str:
    """Hex sha256 of bytes."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return _CANONICAL.encode(value)


def sha256_json(value: Any) -> str:
    """Hex sha256 of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def sha256_files(files: Iterable[tuple[str, Path]]) -> str:
    """Hex sha256 over ``(name, path)`` pairs: any change of a name or of a byte changes it."""
    return sha256_json({name: sha256_file(path) for name, path in files})


def sha256_sources(folder: Path, label: str) -> dict[str, str]:
    """The sha256 of every Python and JSON file below ``folder``, by its name ``label/relative/path``."""
    files = (path for path in sorted(folder.rglob("*")) if path.suffix in SOURCES)
    return {f"{label}/{path.relative_to(folder).as_posix()}": sha256_file(path) for path in files}
