"""The published head sets we ship, against the authors' files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import methods
from benchmark.backbones import catalogue
from methods.heads.published import PublishedSet, read_published

FOLDER = Path(methods.__file__).parent
FITTED_ON = {"NQ": "nq", "LME": "longmemeval"}


@pytest.mark.parametrize("method", ["qrhead", "core"])
def test_names_are_unique_and_heads_are_heads(method: str) -> None:
    sets = read_published(FOLDER / method)
    assert len({entry.name for entry in sets}) == len(sets) > 0
    for entry in sets:
        assert len(entry.parsed) == len(entry.heads)
        assert len(entry.scores) in {0, len(entry.heads)}
        assert list(entry.scores) == sorted(entry.scores, reverse=True)
        assert entry.name.startswith(entry.model.partition("/")[2].lower())


def test_a_method_without_sets(tmp_path: Path) -> None:
    assert read_published(tmp_path) == ()


def test_qrhead_is_the_authors(shared: Path) -> None:
    ours = {(entry.model, entry.fitted_on): list(entry.heads) for entry in read_published(FOLDER / "qrhead")}
    theirs = {
        (model, FITTED_ON[data]): heads
        for model, sets in _reference(shared, "qrhead").items()
        for data, heads in sets.items()
    }
    assert ours == theirs


def test_core_is_the_authors(shared: Path) -> None:
    ours = {
        (entry.model, entry.prune): list(zip(entry.heads, entry.scores, strict=True))
        for entry in read_published(FOLDER / "core")
    }
    theirs = {
        (model, float(prune)): [(head, score) for head, score in table["top32"]]
        for model, values in _reference(shared, "core").items()
        for prune, table in values["prune"].items()
    }
    assert ours == theirs


def test_every_set_but_the_largest_has_a_backbone() -> None:
    known = set(catalogue.entries())
    for method in ("qrhead", "core"):
        for entry in read_published(FOLDER / method):
            fits = [name for name in known if entry.is_for(name)]
            assert len(fits) == (0 if "70B" in entry.model else 1), entry.name


@pytest.mark.parametrize(
    ("backbone", "fits"),
    [
        ("llama-3.1-8b-instruct", True),
        ("meta-llama/Llama-3.1-8B-Instruct", True),
        ("llama-3.1-8b-instruct@some-mirror", True),
        ("llama-3.1-8b", False),
        ("llama-3.2-1b-instruct", False),
    ],
)
def test_which_backbone_a_set_is_for(backbone: str, fits: bool) -> None:
    entry = PublishedSet(name="x", model="meta-llama/Llama-3.1-8B-Instruct", fitted_on="nq", heads=("1-2",))
    assert entry.is_for(backbone) is fits


def _reference(shared: Path, method: str) -> dict[str, Any]:
    content = json.loads((shared / "reference" / "heads" / f"{method}.json").read_text(encoding="utf-8"))
    models: dict[str, Any] = content["models"]
    return models
