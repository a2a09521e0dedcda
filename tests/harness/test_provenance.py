"""What is told of a machine, and what is not."""

from __future__ import annotations

import getpass
import os
import platform
import random
import re
import socket
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark import suites
from benchmark.harness import provenance
from benchmark.harness.plan import plan
from benchmark.harness.record import Machine
from benchmark.harness.summary import run_text
from tests.support.collection import write_suite
from tests.support.records import query_record


def private_strings() -> set[str]:
    """Of this machine and user: names, the home folder, and what the environment holds."""
    names = {getpass.getuser(), socket.gethostname(), socket.getfqdn(), str(Path.home()), str(Path.cwd())}
    values = {value for value in os.environ.values() if len(value) > 5}
    return (names | values) - {"", "/"}


def public_strings() -> set[str]:
    """Facts that are recorded on purpose, whatever the environment says."""
    return {platform.system(), platform.release(), platform.machine(), platform.python_version()}


def test_nothing_personal_is_recorded(
    tmp_path: Path, small: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even when suite, collection and backbone lie in somebody's home folder."""
    home = tmp_path / "home" / "evelyn-brightwater"
    home.mkdir(parents=True)
    for name, value in {"HOME": str(home), "USER": "evelyn-brightwater", "HF_TOKEN": "hf_sesame-open"}.items():
        monkeypatch.setenv(name, value)
    (home / "model").symlink_to(tiny_folder)
    (home / "town").symlink_to(small)
    suite = write_suite(home / "small.yaml", home / "town", ["first-stage", "icr"], [str(home / "model")])
    cells = plan(suites.find(str(suite)), lambda _: tiny_folder, typed=str(suite))
    assert len(cells) == 2
    for cell in cells:
        machine = provenance.machine(cell.command, 1, None)
        text = cell.request.model_dump_json() + machine.model_dump_json()
        text += run_text(cell.request, machine, [query_record("q1", 1.0, 0.0)])
        for secret in ("evelyn", "brightwater", "sesame", str(tmp_path)):
            assert secret not in text
        words = set(re.split(r"[^\w./~@-]+", text))
        for secret in private_strings() - public_strings():
            # A user may be called "root" or "test", which other words contain.
            assert secret not in words, secret
            assert len(secret) < 8 or secret not in text or secret in machine.processor, secret


def test_facts_are_those_of_this_machine() -> None:
    machine = provenance.machine("rerankbench run demo", 3, "Some GPU")
    assert Machine.model_validate_json(machine.model_dump_json()) == machine
    assert (machine.command, machine.threads, machine.accelerator) == ("rerankbench run demo", 3, "Some GPU")
    assert machine.python == platform.python_version()
    assert machine.packages["torch"] == version("torch")
    assert list(machine.packages) == [name for name in provenance.PACKAGES if name in machine.packages]
    assert machine.cores == provenance.usable_cores() >= 1
    assert machine.memory_bytes > 2**28
    assert machine.processor
    started = datetime.fromisoformat(machine.started)
    assert started.tzinfo == UTC
    assert started.microsecond == 0


def test_absent_packages_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    assert provenance.versions() == {"numpy": version("numpy")}


def test_commit_and_changes(tmp_path: Path) -> None:
    assert provenance.git_state(tmp_path) == (None, None)

    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init")
    assert provenance.git_state(tmp_path) == (None, None), "no commit yet"
    (tmp_path / "code.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "one")
    commit, dirty = provenance.git_state(tmp_path)
    assert commit is not None
    assert re.fullmatch("[0-9a-f]{40}", commit)
    assert dirty is False
    (tmp_path / "note").write_text("untracked")
    assert provenance.git_state(tmp_path) == (commit, False)
    (tmp_path / "code.py").write_text("2")
    assert provenance.git_state(tmp_path) == (commit, True)
    git("checkout", "code.py")
    os.utime(tmp_path / "code.py", (1, 1))
    index = (tmp_path / ".git" / "index").read_bytes()
    assert provenance.git_state(tmp_path) == (commit, False)
    assert (tmp_path / ".git" / "index").read_bytes() == index, "asking took a lock and wrote"


def test_no_git_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.git_state(tmp_path) == (None, None)


def test_what_libraries_write_is_made_impersonal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "evelyn brightwater"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("HF_TOKEN", "hf_sesame-open")
    monkeypatch.setattr(provenance.getpass, "getuser", lambda: "evelyn")
    monkeypatch.setattr(provenance.socket, "gethostname", lambda: "workbench-7")
    said = {
        f'  File "{home}/py/site-packages/torch/nn.py", line 3, in f': '  File "nn.py", line 3, in f',
        "FileNotFoundError: '/data/evelyn/x.bin'": "FileNotFoundError: 'x.bin'",
        f"in {home}/models, and ~/.cache/hub": "in models, and hub",
        "at evelyn@workbench-7: refused": "at [...]@[...]: refused",
        "401 for hf_sesame-open at https://huggingface.co/api/x": "401 for [...] at https://huggingface.co/api/x",
        "1/2 of 3 GiB; tokens/s and a / b": "1/2 of 3 GiB; tokens/s and a / b",
    }
    for before, after in said.items():
        assert provenance.impersonal(before) == after


@pytest.mark.parametrize(
    ("files", "variables", "said"),
    [
        ({}, {}, None),
        ({".dockerenv": ""}, {}, "docker: image not known"),
        ({".dockerenv": ""}, {"RERANKBENCH_IMAGE": "registry.example.org/evelyn/bench:1.2"}, "docker: bench:1.2"),
        ({"run/.containerenv": 'engine="podman-5"\nimage="localhost/evelyn/bench:1"\n'}, {}, "podman: bench:1"),
        ({"run/.containerenv": ""}, {}, "podman: image not known"),
        ({}, {"APPTAINER_CONTAINER": "/home/evelyn/images/bench.sif"}, "apptainer: bench.sif"),
        ({}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes: image not known"),
        ({}, {"RERANKBENCH_IMAGE": "bench@sha256:ab"}, "container: bench@sha256:ab"),
    ],
    ids=str,
)
def test_the_container_is_named_without_its_owner(
    files: dict[str, str], variables: dict[str, str], said: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("RERANKBENCH_IMAGE", "APPTAINER_CONTAINER", "SINGULARITY_CONTAINER", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    assert provenance.container(tmp_path) == said


def test_seeding_starts_every_generator_anew() -> None:
    def drawn() -> tuple[float, float, float]:
        provenance.seed()
        return random.random(), float(np.random.random()), float(torch.rand(()))

    assert drawn() == drawn()
    assert provenance.machine("x", 1, None).seed == provenance.SEED


def test_records_from_before_driver_container_and_seed_can_be_read() -> None:
    machine = provenance.machine("x", 1, None)
    old = Machine.model_validate(machine.model_dump(exclude={"driver", "container", "seed"}))
    assert (old.driver, old.container, old.seed) == (None, None, None)
