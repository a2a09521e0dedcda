"""Results folders and a built site for the leaderboard's tests."""

from __future__ import annotations

from pathlib import Path

import cells
import pytest

from leaderboard import build


@pytest.fixture(autouse=True)
def _own_cache(cache: Path) -> None:
    """What builds remember is not the user's."""


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of the demo results; read only."""
    folder = tmp_path_factory.mktemp("leaderboard")
    cells.demo_results(folder / "results")
    return build([folder / "results"], folder / "site", cache=folder / "cache").index.parent
