"""A real submission of the demo collection, without a language model."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.command import command


@pytest.fixture(scope="session")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of submissions with one in it. Copy it before changing it."""
    folder = tmp_path_factory.mktemp("packed")
    ran = command("run", "demo", "--method", "first-stage", "--results", folder / "results")
    assert ran.status == 0, ran.err
    done = command("submit", folder / "results", "--out", folder / "submissions", "--contact", "somebody")
    assert done.status == 0, done.err
    return folder / "submissions"


@pytest.fixture
def submissions(packed: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(packed, tmp_path / "submissions"))


@pytest.fixture
def submission(submissions: Path) -> Path:
    """The one submission's folder."""
    (found,) = submissions.iterdir()
    return found
