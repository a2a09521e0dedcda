"""Where the cache is."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.paths import cache_root


def test_our_variable_then_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("RERANKBENCH_CACHE", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"
    monkeypatch.delenv("RERANKBENCH_CACHE")
    assert cache_root() == tmp_path / "xdg" / "rerankbench"
