"""Content hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from benchmark.hashing import SMALL, sha256_file


@pytest.mark.parametrize("size", [0, 1, SMALL, SMALL + 1])
def test_a_file_is_hashed_whole_whatever_its_size(tmp_path: Path, size: int) -> None:
    data = bytes(index % 251 for index in range(size))
    (tmp_path / "file").write_bytes(data)
    assert sha256_file(tmp_path / "file") == hashlib.sha256(data).hexdigest()
