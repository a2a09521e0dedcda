"""Results folders and a built site for the leaderboard's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import browsing
import cells
import pytest

from leaderboard import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(autouse=True)
def _own_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What builds remember is not the user's, and does not lie where tests look at what a build left."""
    monkeypatch.setenv("RERANKBENCH_CACHE", str(tmp_path_factory.mktemp("memory")))


@pytest.fixture(scope="session")
def demo_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo results; read only."""
    folder = tmp_path_factory.mktemp("leaderboard")
    cells.demo_results(folder / "results")
    return folder / "results"


@pytest.fixture(scope="session")
def demo_site(demo_results: Path) -> Path:
    """A site of the demo results; read only."""
    folder = demo_results.parent
    return build([demo_results], folder / "site", cache=folder / "cache").index.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, once for the tests of a module: as long as it is there, nothing else can run asyncio in this thread."""
    with browsing.launched() as browser:
        yield browser
