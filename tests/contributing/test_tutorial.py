"""docs/submit.md, followed literally in a copy of this checkout."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.support.command import SCRIPT

TEXT = (ROOT / "docs" / "submit.md").read_text()
COMMANDS = [
    line for block in re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout of its own, with history."""
    folder = tmp_path_factory.mktemp("fork") / "rerankbench"
    for top in ("benchmark", "methods", "leaderboard", "tests"):
        shutil.copytree(ROOT / top, folder / top, ignore=shutil.ignore_patterns("__pycache__", ".*cache"))
    for name in ("pyproject.toml", ".gitignore"):
        shutil.copyfile(ROOT / name, folder / name)
    run(folder, "git init --quiet && git add . && git commit --quiet --message start")
    return folder


def run(folder: Path, line: str) -> str:
    names = {
        f"GIT_{who}_{what}": "somebody@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    env = os.environ | names | {"PYTHONPATH": str(folder), "PATH": f"{SCRIPT.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(line, shell=True, cwd=folder, env=env, capture_output=True, text=True, check=False)  # noqa: S602
    assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def test_every_command_of_the_document_is_one_that_is_run() -> None:
    """No block is of another kind, so none is left out, and every line is a whole command."""
    assert set(re.findall(r"^```(.*)$", TEXT, re.MULTILINE)[::2]) == {"sh"}
    assert all(re.fullmatch(r"(rerankbench|git) .*[^\\]", line) for line in COMMANDS)
    told = {line.split()[1] for line in COMMANDS if line.startswith("rerankbench ")}
    assert told == {"new-method", "check", "run", "submit", "ingest"}


@pytest.mark.slow
def test_the_tutorial(copy: Path) -> None:
    said = {line: run(copy, line) for line in COMMANDS}
    checked = said["rerankbench check methods/word_overlap"]
    assert "word-overlap: passed: card and 2 presets" in checked
    assert "word-overlap: passed: contract test on a tiny model and its own tests" in checked
    assert re.search(r"word-overlap: passed: demo suite, nDCG@10: default 0\.\d{3}", checked)
    assert "missing" not in checked
    assert "1 submissions checked, 0 refused." in said["rerankbench ingest submissions"]
    # Made from a commit, by a method that is there: nothing to flag.
    assert "flag:" not in said["rerankbench ingest submissions"]
    (submission,) = (copy / "submissions").iterdir()
    assert submission.name.endswith("-word-overlap-no-backbone")
    assert run(copy, "git status --porcelain") == ""
    _what_is_missing(copy)


def _what_is_missing(copy: Path) -> None:
    """The same folder, spoilt in every way that is looked for."""
    card = copy / "methods" / "word_overlap" / "card.yaml"
    card.write_text(card.read_text().replace("family: baseline", "family: attention"))
    method = card.with_name("method.py")
    method.write_text(method.read_text().replace("float(len(", "float('nan') * float(len("))
    (card.parent / "weights.pkl").write_bytes(b"")
    with pytest.raises(AssertionError) as caught:
        run(copy, "rerankbench check --no-demo methods/word_overlap")
    said = str(caught.value)
    for missing in ("names no paper", "'needs' is empty", "weights.pkl: may hold code", "tests fail"):
        assert f"word-overlap: missing: {missing}" in said.replace("card.yaml: ", "")
    assert "Error: 4 to mend before it can be sent." in said
