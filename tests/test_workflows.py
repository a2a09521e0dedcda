"""What every workflow keeps to; actionlint and zizmor look at the rest."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MAY_WRITE = {"pages.yml": {"pages", "id-token"}, "release.yml": {"id-token"}}


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_and_commands_are_scripts(path: Path) -> None:
    for line in path.read_text().splitlines():
        if "uses:" in line:
            assert re.search(r"uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v[\d.]+$", line), line
    steps = [step for job in jobs(path).values() for step in job["steps"]]
    for step in steps:
        assert "run" in step or "uses" in step
        if "run" in step:
            # One script, which can be run here as well; nothing of an event is pasted into a shell.
            assert re.fullmatch(r"\.ci/\w+[^\n|;&]*", step["run"]), step["run"]
            assert "${{" not in step["run"]
            assert (ROOT / step["run"].split()[0]).stat().st_mode & 0o111
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_least_permissions(path: Path) -> None:
    text = path.read_text()
    assert "secrets." not in text
    whole = yaml.safe_load(text)
    given = [whole["permissions"], *(job.get("permissions", {}) for job in whole["jobs"].values())]
    writing = {key for permissions in given for key, value in permissions.items() if value != "read"}
    assert writing == MAY_WRITE.get(path.name, set())


def test_the_supported_versions_of_python_are_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    supported = [name.rpartition(" ")[2] for name in project["classifiers"] if "Python :: 3." in name]
    tests = jobs(ROOT / ".github" / "workflows" / "tests.yml")
    assert tests["tests"]["strategy"]["matrix"]["python"] == supported
    # The lowest versions of packages, on the lowest Python.
    steps = tests["lowest"]["steps"]
    assert [step["with"]["python-version"] for step in steps if "python-version" in step.get("with", {})] == supported[
        :1
    ]


def test_every_script_is_a_workflows_and_told() -> None:
    scripts = {f".ci/{path.name}" for path in (ROOT / ".ci").iterdir()}
    run = {
        step["run"].split()[0]
        for path in WORKFLOWS
        for job in jobs(path).values()
        for step in job["steps"]
        if "run" in step
    }
    # What .ci/run begins with.
    run.add(".ci/slurm")
    assert run == scripts
    told = (ROOT / "docs" / "maintaining.md").read_text()
    assert all(f"`{path.name}`" in told for path in WORKFLOWS)
    assert all(f"`{script}" in told for script in scripts)


def test_trusted_code_only_where_a_label_was_set() -> None:
    (job,) = jobs(ROOT / ".github" / "workflows" / "ingest.yml").values()
    assert job["if"] == "github.event.label.name == 'ingest'"
    ours, theirs = [step["with"] for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert ours["ref"] == "${{ github.event.pull_request.base.sha }}"
    assert theirs["ref"] == "${{ github.event.pull_request.head.sha }}"
    assert theirs["sparse-checkout"] == "submissions"
    # What checkout refuses unless it is asked for, is asked for in this one step of all workflows.
    assert theirs["allow-unsafe-pr-checkout"] is True
    assert sum("allow-unsafe" in line for path in WORKFLOWS for line in path.read_text().splitlines()) == 1
    # No step runs anything from where their files are; the path is an argument.
    assert [step["run"] for step in job["steps"] if "run" in step] == [
        ".ci/ingest build/theirs/submissions build/ingest"
    ]
