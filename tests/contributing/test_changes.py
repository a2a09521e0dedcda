"""From changed files to what has to be checked."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchmark.contributing.changes import changed_files, changes
from methods import registry


@pytest.mark.parametrize(
    ("paths", "methods"),
    [
        (["methods/icr/method.py"], {"icr"}),
        (["methods/icr/card.yaml", "README.md"], {"icr"}),
        (["tests/methods/rankgpt/test_method.py"], {"rankgpt"}),
        (["docs/protocol.md", "benchmark/hashing.py", "methods/base.py"], set()),
        (["methods/gone/method.py"], set()),
    ],
)
def test_methods_of_their_own_files(paths: list[str], methods: set[str]) -> None:
    assert set(changes(paths, registry.plugins()).methods) == methods


def test_what_methods_share_concerns_all_that_use_it() -> None:
    found = changes(["methods/in_context/prompt.py"], registry.plugins()).methods
    assert {"icr", "selective_icr", "core", "qrhead"} <= set(found)
    assert "first_stage" not in found
    assert "rankgpt" not in found


def test_submissions_and_records() -> None:
    found = changes(
        ["submissions/2026-01-01-icr-x/submission.yaml", "submissions/README.md", "submissions/records/x.yaml"],
        registry.plugins(),
    )
    assert (found.submissions, found.records) == (("2026-01-01-icr-x",), True)


def test_files_since_a_commit(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        names = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", "-C", str(tmp_path), *names, *arguments], check=True, capture_output=True)

    git("init")
    (tmp_path / "old").write_text("x")
    git("add", ".")
    git("commit", "-m", "one")
    git("tag", "base")
    (tmp_path / "a name with\nbreaks").write_text("x")
    git("add", ".")
    git("commit", "-m", "two")
    assert changed_files("base", tmp_path) == ["a name with\nbreaks"]
    with pytest.raises(subprocess.CalledProcessError):
        changed_files("--output=/tmp/x", tmp_path)
