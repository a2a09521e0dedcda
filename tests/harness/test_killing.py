"""SIGKILL at random moments, hundreds of times: nothing is lost, nothing differs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("kills", [40, pytest.param(250, marks=pytest.mark.slow)])
def test_a_killed_cell_ends_as_an_undisturbed_one_and_repeats_at_most_the_query_in_hand(
    tmp_path: Path, kills: int
) -> None:
    command = [sys.executable, "-m", "tests.support.killing", str(tmp_path / "cells"), str(kills), "7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["killed"] >= kills
    assert found["different"] == 0, "run file, files or order of lines differ"
    assert found["lost"] == 0, "a line that was there is gone"
    assert max(found["repeated"]) == 1, "at most the query in hand; and some were killed while one ran"
