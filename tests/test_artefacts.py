"""Artefacts: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmark.artefacts import (
    HEADER,
    TENSORS,
    document_print,
    is_artefact,
    overlap,
    query_print,
    read_artefact,
    rounded,
    write_artefact,
)
from benchmark.backbones.backbone import Backbone
from benchmark.errors import UserError
from methods.base import Fitted
from tests.support.fitting import header_values

WEIGHTS = {"embedding": torch.arange(6.0).reshape(2, 3).T, "bias": torch.tensor([0.5])}


def write(folder: Path, backbone: Backbone, tensors: dict[str, torch.Tensor] | None = None) -> Path:
    fitted = Fitted(heads=("1-2", "0-1"), measure="nDCG@10", table=[[0.25, 0.5]], facts={"queries": 12, "loss": 0.1})
    return write_artefact(folder, header_values(backbone, fitted), WEIGHTS if tensors is None else tensors).folder


def test_what_is_written_is_read(tmp_path: Path, tiny_backbone: Backbone) -> None:
    folder = write(tmp_path / "deep" / "down", tiny_backbone)
    assert is_artefact(folder)
    artefact = read_artefact(folder)
    assert artefact.header.heads == ("1-2", "0-1")
    assert artefact.header.detection is not None
    assert artefact.header.detection.table == ((0.25, 0.5),)
    assert artefact.header.facts == {"queries": 12, "loss": 0.1}
    tensors = artefact.tensors()
    assert set(tensors) == set(WEIGHTS)
    assert all(torch.equal(tensors[name], WEIGHTS[name]) for name in WEIGHTS)


def test_the_same_twice_is_the_same_bytes(tmp_path: Path, tiny_backbone: Backbone) -> None:
    first = write(tmp_path / "first", tiny_backbone)
    second = write(tmp_path / "second", tiny_backbone, dict(reversed(WEIGHTS.items())))
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted([HEADER, TENSORS])
    assert names == sorted(path.name for path in second.iterdir())
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes()


def test_without_tensors_there_is_no_file(tmp_path: Path, tiny_backbone: Backbone) -> None:
    write(tmp_path, tiny_backbone)
    folder = write(tmp_path, tiny_backbone, {})
    assert [path.name for path in folder.iterdir()] == [HEADER], "tensors of an earlier fit are left"
    assert read_artefact(folder).tensors() == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("heads", ["1-3", "0-1"]),
        ("facts", {"queries": 13, "loss": 0.1}),
        ("tensors_sha256", "1" * 64),
        ("sha256", "1" * 64),
    ],
)
def test_an_altered_header_is_refused(tmp_path: Path, tiny_backbone: Backbone, field: str, value: object) -> None:
    path = write(tmp_path, tiny_backbone) / HEADER
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))
    with pytest.raises(UserError) as caught:
        read_artefact(tmp_path)
    assert f"{path}: was altered after the fit" in str(caught.value)


def test_a_header_laid_out_anew_is_the_same(tmp_path: Path, tiny_backbone: Backbone) -> None:
    path = write(tmp_path, tiny_backbone) / HEADER
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert read_artefact(tmp_path).header.heads == ("1-2", "0-1")


def test_altered_tensors_are_refused(tmp_path: Path, tiny_backbone: Backbone) -> None:
    path = write(tmp_path, tiny_backbone) / TENSORS
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        read_artefact(tmp_path)
    assert f"{path}: was altered after the fit" in str(caught.value)
    assert HEADER not in str(caught.value)


def test_missing_files_are_named(tmp_path: Path, tiny_backbone: Backbone) -> None:
    assert not is_artefact(tmp_path)
    with pytest.raises(UserError, match=r"no artefact there \(artefact.json is missing\)\. Make one: rerankbench fit"):
        read_artefact(tmp_path)
    (write(tmp_path, tiny_backbone) / TENSORS).unlink()
    with pytest.raises(UserError, match=r"tensors.safetensors: is missing\. Restore the file"):
        read_artefact(tmp_path)


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{}", b""], ids=["cut", "no text", "empty"])
def test_a_header_that_is_no_json(tmp_path: Path, content: bytes) -> None:
    (tmp_path / HEADER).write_bytes(content)
    with pytest.raises(UserError, match=r"artefact.json: not valid JSON .*Fit the artefact anew"):
        read_artefact(tmp_path)


def test_unknown_and_missing_fields_are_named(tmp_path: Path, tiny_backbone: Backbone) -> None:
    path = write(tmp_path, tiny_backbone) / HEADER
    values = json.loads(path.read_text())
    del values["method"]
    path.write_text(json.dumps(values | {"hads": []}))
    with pytest.raises(UserError) as caught:
        read_artefact(tmp_path)
    assert "method" in str(caught.value)
    assert "hads" in str(caught.value)


def test_another_backbone_is_refused(tmp_path: Path, tiny_backbone: Backbone) -> None:
    artefact = read_artefact(write(tmp_path, tiny_backbone))
    artefact.refuse_other_backbone("tiny", tiny_backbone.revision)
    for name, revision in (("large", tiny_backbone.revision), ("tiny", "abc123")):
        with pytest.raises(UserError, match=f"'town-heads' was fitted on backbone 'tiny' .* used with '{name}'"):
            artefact.refuse_other_backbone(name, revision)


def test_prints() -> None:
    assert query_print("Who built\n the  MILL") == query_print("who built the mill ")
    assert query_print("who built the mill") != query_print("who built the mills")
    assert document_print("d1", "a  text\n") == document_print("d1", "a text")
    assert len({document_print("d1", "a text"), document_print("d2", "a text"), document_print("d1", "A text")}) == 3
    assert overlap(["a", "b", "c", "c"], ["c", "b", "x"]) == 2


def test_tables_are_rounded_to_six_digits() -> None:
    assert rounded(torch.tensor([[1 / 3, 2e-10 / 3]], dtype=torch.float64)) == [[0.333333, 6.66667e-11]]
