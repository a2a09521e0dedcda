"""``rerankbench list``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmark import suites
from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue as collections
from methods import registry
from tests.support.command import command
from tests.support.endpoints import write_endpoint

EXPECTED = {
    "methods": lambda: sorted(registry.plugins()),
    "backbones": lambda: list(backbones.entries()),
    "collections": lambda: [name for name, spec in collections.entries().items() for _ in spec.splits],
    "suites": lambda: list(suites.entries()),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_json_holds_every_entry(kind: str) -> None:
    result = command("list", kind, "--json")
    assert (result.status, result.err) == (0, "")
    rows = json.loads(result.out)
    assert [row["name"] for row in rows] == EXPECTED[kind]()
    for row in rows:
        assert list(row) == list(rows[0])
        assert all(isinstance(value, str) for value in row.values())


@pytest.mark.parametrize("kind", EXPECTED)
def test_the_table_holds_every_name_uncut(kind: str) -> None:
    """In a pipe, where no terminal limits the width."""
    result = command("list", kind)
    assert (result.status, result.err) == (0, "")
    for name in EXPECTED[kind]():
        assert name in result.out


def test_a_method_says_what_it_needs_and_its_presets() -> None:
    rows = {row["name"]: row for row in json.loads(command("list", "methods", "--json").out)}
    assert rows["first-stage"]["needs"] == "no backbone"
    assert rows["icr"]["needs"] == "attention"
    assert rows["icr"]["presets"].split(", ")[:2] == ["default", "paper"]


def test_an_installed_plugin_is_listed(faulty: pytest.MonkeyPatch) -> None:
    rows = {row["name"]: row for row in json.loads(command("list", "methods", "--json").out)}
    assert rows["faulty"]["presets"] == "default, tied, picky"


def test_a_served_backbone_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = write_endpoint(tmp_path / "served.yaml", "http://127.0.0.1:8000/v1", key_env="SOME_KEY")
    served = backbones.find(str(entry)).spec
    monkeypatch.setattr(backbones, "entries", lambda: {"served": served})
    result = command("list", "backbones", "--json")
    assert json.loads(result.out) == [
        {
            "name": "served",
            "parameters": "?",
            "context": "?",
            "dtype": "as served",
            "licence": "?",
            "sources": "endpoint",
        }
    ]
