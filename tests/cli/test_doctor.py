"""``rerankbench doctor``."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from benchmark.cli import doctor
from tests.support import stub_server as on
from tests.support.command import command
from tests.support.endpoints import write_endpoint
from tests.support.stub_server import serving


def test_versions_caches_and_backbones(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {
        "HF_TOKEN": "hf_opensesame",
        "OPENAI_API_KEY": "sk-opensesame",
        "PIP_INDEX_URL": "https://me:opensesame@x",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    result = command("doctor")
    assert (result.status, result.err) == (0, "")
    facts = {line[:14].strip(): line[14:] for line in result.out.splitlines() if "  " in line[:14]}
    assert facts["Python"] == platform.python_version()
    for name in ("torch", "transformers"):
        assert facts[name] == version(name)
    assert facts["Cache"] == f"{cache} (empty)"
    assert "GiB" in facts["Disk free"]
    assert "smollm2-135m-instruct: fetched at its first use" in result.out
    assert result.out.splitlines()[-1] == "Everything that is needed is installed."
    assert "opensesame" not in result.out
    assert not cache.exists(), "looking must not make anything"


def test_a_prepared_backbone_is_ready(cache: Path) -> None:
    from benchmark.backbones.catalogue import find
    from benchmark.backbones.converted import MANIFEST
    from benchmark.backbones.sources import folder_of

    folder = folder_of(find("smollm2-135m-instruct"))
    folder.mkdir(parents=True)
    (folder / MANIFEST).write_bytes(b" " * (3 << 20))
    out = command("doctor").out
    assert "smollm2-135m-instruct: ready" in out
    assert f"{cache} (3 MiB)" in out


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def found(name: str) -> Any:
        return None if name in ("ranx", "openai") else object()

    monkeypatch.setattr(doctor, "find_spec", found)
    result = command("doctor")
    assert result.status == 1
    assert "Missing       ranx: reinstall rerankbench." in result.out
    assert "not installed: api (pip install 'rerankbench[NAME]')" in result.out
    assert "Everything" not in result.out


def test_a_server_is_asked_what_it_gives(tmp_path: Path) -> None:
    with serving() as stub:
        entry = write_endpoint(tmp_path / "served.yaml", stub.url)
        stub.turns = [on.answer(), on.answer(logprobs=on.told(A=-1.0))]
        out = command("doctor", "--backbone", entry).out
        assert f"Endpoint      served: {stub.url} answers as tiny" in out
        assert "Endpoint      served: gives next_token" in out
        stub.turns = [on.answer(), on.answer(), on.answer()]
        out = command("doctor", "--backbone", entry).out
        assert "Endpoint      Backbone 'served' cannot give what the method needs (next_token)" in out
        stub.turns = [on.refuse(404)]
        (problem,) = command("doctor", "--backbone", entry).problems
        assert "model 'tiny' is not served there" in problem
    (problem,) = command("doctor", "--backbone", "qwen3-8b").problems
    assert problem == "Backbone 'qwen3-8b' is not behind an endpoint: there is no server to ask."
