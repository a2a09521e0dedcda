"""Weights that are converted here, once: kept in the cache with a manifest of hashes."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from benchmark.errors import UserError
from benchmark.hashing import sha256_file

MANIFEST = "manifest.json"

Convert = Callable[[Path, Path], None]
"""Given a folder to work in and one to make."""


def converted_once(folder: Path, sources: dict[str, str], convert: Convert) -> Path:
    """``folder`` as ``convert`` makes it, or as it was made before, with every file checked.

    Args:
        folder: in the cache; simultaneous calls wait for one another.
        sources: what it is made from, for the manifest.

    Raises:
        UserError: a file is damaged; and what ``convert`` raises, which leaves nothing behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if (folder / MANIFEST).is_file():
            verify(folder)
            return folder
        partial = f".partial-{folder.name}-"
        for stale in folder.parent.glob(f"{partial}*"):
            # Left by a process that was killed; nobody else works on this backbone while we hold the lock.
            shutil.rmtree(stale)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=partial) as work:
            made = Path(work) / "converted"
            convert(Path(work), made)
            files = {path.name: sha256_file(path) for path in sorted(made.iterdir())}
            (made / MANIFEST).write_text(json.dumps({**sources, "files": files}, indent=1) + "\n", encoding="utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
    return folder


def verify(folder: Path) -> None:
    """Compare every file of a converted backbone with its manifest.

    Raises:
        UserError: names each damaged or missing file with the expected and the actual hash.
    """
    problems = []
    anew = f"Delete {folder} to have the backbone fetched and converted anew."
    try:
        expected: dict[str, str] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{folder / MANIFEST}: damaged: no list of files in it. {anew}") from None
    for name, digest in expected.items():
        path = folder / name
        actual = sha256_file(path) if path.is_file() else "missing"
        if actual != digest:
            problems.append(f"{path}: damaged: sha256 expected {digest}, found {actual}.")
    if problems:
        raise UserError([*problems, anew])
