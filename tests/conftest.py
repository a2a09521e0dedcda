"""Fixtures for all tests."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.collection import write_collection
from tests.support.plugin import installed, write_plugin

pytest_plugins = ["tests.backbones.fixtures"]

IR_DATASETS = "IR_DATASETS_HOME"


def pytest_configure() -> None:
    """An empty home for ir-datasets, which looks where it is once, when it is imported; and a Ctrl-C that works.

    Who is started in the background by a shell inherits that Ctrl-C is ignored, and so would all that tests start.
    """
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[IR_DATASETS] = tempfile.mkdtemp(prefix="rerankbench-ir-datasets-")
    # An example that takes long on a busy machine is no failure.
    hypothesis.settings.register_profile("rerankbench", deadline=None)
    hypothesis.settings.load_profile("rerankbench")


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ[IR_DATASETS], ignore_errors=True)


ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def all_golden() -> bool:
    """Compare every stored query with the official codes, not a few (RERANKBENCH_ALL_GOLDEN=1; minutes)."""
    return os.environ.get("RERANKBENCH_ALL_GOLDEN") == "1"


@pytest.fixture(scope="session")
def shared() -> Path:
    """Folder of data that may not be redistributed (RERANKBENCH_SHARED, else ../shared); skips where there is none."""
    folder = Path(os.environ.get("RERANKBENCH_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data in {folder}; set RERANKBENCH_SHARED to run this")
    return folder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A local backbone: a random Llama with a tokenizer of single bytes. Copy it before changing it."""
    # Here and not above: torch and transformers take seconds to import, and few tests need them.
    from tests.support import tiny

    return tiny.save(tmp_path_factory.mktemp("backbones") / "tiny-llama")


@pytest.fixture(scope="session")
def tiny_talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `tiny_folder`, with an output head tied to the embeddings and a chat template."""
    from tests.support import tiny
    from tests.support.templates import CHATML

    folder = tiny.save(tmp_path_factory.mktemp("backbones") / "tiny-talker", tie_word_embeddings=True)
    (folder / "chat_template.jinja").write_text(CHATML)
    return folder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Folder of the small collection."""
    return write_collection(tmp_path / "town")


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """The plugin ``faulty`` is installed while the test runs; gives a monkeypatch for its environment."""
    with installed(write_plugin(tmp_path / "plugins")) as patch:
        yield patch


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder in place of the user's."""
    monkeypatch.setenv("RERANKBENCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"
