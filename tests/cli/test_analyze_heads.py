"""``rerankbench analyze heads``."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmark.artefacts import write_artefact
from benchmark.backbones import catalogue, loader, sources
from tests.support.command import Result, command


def artefact(folder: Path, name: str, revision: str, heads: tuple[str, ...] = ("0-1", "1-0")) -> Path:
    data: dict[str, Any] = {"collection": "c", "split": "train", "revision": "r", "first_stage": "bm25"}
    data |= {"run_sha256": "0", "depth": 4, "queries": 4, "skipped": 0, "query_prints": [], "document_prints": []}
    values: dict[str, Any] = {"name": "ours", "method": "qrhead", "data": data, "options": {}, "settings": {}}
    values |= {"backbone": {"name": name, "revision": revision, "dtype": "float32"}, "code": {}, "facts": {}}
    write_artefact(folder, values | {"heads": heads}, {})
    return folder


def analyze(backbone: object, collection: object, out: Path, *more: object) -> Result:
    fixed = ("--backbone", backbone, "--collection", collection, "--depth", 4, "--out", out)
    return command("analyze", "heads", *fixed, *more)


def test_everything_is_written(cache: Path, tiny_folder: Path, small: Path, tmp_path: Path) -> None:
    selected = catalogue.find(str(tiny_folder))
    revision = sources.whereabouts(selected, tiny_folder)[1]
    ours = artefact(tmp_path / "ours", selected.name, revision)
    out = tmp_path / "out"
    result = analyze(tiny_folder, small, out, "--split", "test", "--artefact", ours)
    assert result.status == 0, result.err
    stem = "heads.tiny-llama.town.test"
    names = [f"{stem}.{part}" for part in ("core.csv", "core.svg", "curve.test.csv", "curve.test.svg")]
    names += [f"{stem}.{part}" for part in ("overlap.csv", "qrhead.csv", "qrhead.svg")]
    assert sorted(path.name for path in out.iterdir()) == names
    for path in out.glob("*.svg"):
        ElementTree.parse(path)
    assert (out / f"{stem}.overlap.csv").read_text().count("ours") == 2
    assert "Passes: 12;" in result.out
    assert "6 of the 6 queries of the curve are among those the heads were detected on: it is optimistic." in result.out
    again = analyze(tiny_folder, small, out, "--split", "test", "--artefact", ours)
    assert "Passes: 0;" in again.out, "tables are kept"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (["--backbone", "smolm2-135m-instruct"], "Unknown backbone"),
        (["--collection", "dmeo"], "Unknown collection 'dmeo'"),
        (["--collection", "demo", "--split", "trian"], "trian"),
        (["--collection", "demo", "--split", "train", "--test-split", "tset"], "tset"),
        (["--first-stage", "bm52"], "bm52"),
        (["--artefact", "nowhere"], "no artefact there"),
        (["--depth", 1], "no topic has a relevant and another document"),
    ],
)
def test_mistakes_are_found_before_the_model_is_loaded(
    more: list[object],
    expected: str,
    cache: Path,
    tiny_folder: Path,
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loader, "load", None)
    result = analyze(tiny_folder, small, tmp_path / "out", "--split", "test", *more)
    assert result.status == 2
    assert expected in " ".join(result.problems)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("revision", "expected"), [("f" * 64, "cannot be used"), ("", "names no static set")])
def test_artefacts_that_do_not_fit(
    revision: str,
    expected: str,
    cache: Path,
    tiny_folder: Path,
    small: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loader, "load", None)
    selected = catalogue.find(str(tiny_folder))
    known = sources.whereabouts(selected, tiny_folder)[1]
    folder = artefact(tmp_path / "other", selected.name, revision or known, ("0-1",) if revision else ())
    result = analyze(tiny_folder, small, tmp_path / "out", "--split", "test", "--artefact", folder)
    assert result.status == 2
    assert expected in " ".join(result.problems)
