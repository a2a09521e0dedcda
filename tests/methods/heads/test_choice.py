"""Which heads are read: lists, published sets, artefacts, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from benchmark.artefacts import write_artefact
from benchmark.backbones.backbone import Backbone
from benchmark.errors import UserError
from methods import registry
from methods.base import Candidate, Fitted
from methods.core.method import Core, CoreOptions
from methods.heads.notation import Head, parse_heads
from methods.heads.published import read_published
from methods.qrhead.method import VERY_LARGE, QrHead, QrHeadOptions
from tests.support.fitting import header_values

TABLE = [[0.1, 0.9, 0.2, 0.3, 0.0, 0.0, 0.0, 0.0], [0.8, 0.4, 0.9, 0.0, 0.0, 0.0, 0.0, 0.5]]
"""Best first: 0-1, 1-2, 1-0, 1-7, 1-1, 0-3, ..."""


class Named:
    """What choosing heads asks of a backbone, without a model."""

    def __init__(self, name: str, layers: int = 32, heads: int = 32, parameters: int = 8_000_000_000) -> None:
        self.name = name
        self.revision = "r"
        self.parameters = parameters
        self.attention = self
        self.layers = layers
        self.heads = heads

    def check(self, heads: object) -> None:
        """Every head exists."""


def named(name: str, **changes: int) -> Backbone:
    return cast(Backbone, Named(name, **changes))


def refused(name: str, message: str, **options: Any) -> None:
    with pytest.raises(UserError, match=message):
        registry.find(name).options(changes=options)


def published(folder: Path, name: str) -> list[Head]:
    return next(entry.parsed for entry in read_published(folder) if entry.name == name)


@pytest.fixture
def artefact(tiny_backbone: Backbone, tmp_path: Path) -> Path:
    values = header_values(tiny_backbone, Fitted(heads=("0-1",), measure="nDCG@10", table=TABLE))
    return write_artefact(tmp_path / "town", values, {}).folder


def test_a_list_is_read_as_it_stands(tiny_backbone: Backbone) -> None:
    assert QrHead(QrHeadOptions(heads="1-3,0-2"), tiny_backbone).heads == [(1, 3), (0, 2)]


def test_all_is_every_head_of_the_layers_that_are_kept(tiny_backbone: Backbone) -> None:
    every = [(layer, head) for layer in range(2) for head in range(8)]
    assert QrHead(QrHeadOptions(heads="all"), tiny_backbone).heads == every
    assert Core(CoreOptions(heads="all"), tiny_backbone).heads == every
    assert Core(CoreOptions(heads="all", prune=0.5), tiny_backbone).heads == every[:8]


def test_auto_takes_the_re_ranking_set_of_the_backbone() -> None:
    expected = published(QrHeadOptions.folder, "llama-3.1-8b-instruct.nq")
    for options, number in ((QrHeadOptions(), 16), (QrHeadOptions(top=5), 5)):
        assert QrHead(options, named("llama-3.1-8b-instruct")).heads == expected[:number]
    large = named("meta-llama/Llama-3.1-70B-Instruct", layers=80, heads=64, parameters=VERY_LARGE)
    assert QrHead(QrHeadOptions(), large).heads == published(QrHeadOptions.folder, "llama-3.1-70b-instruct.nq")


def test_a_published_set_by_name() -> None:
    options = QrHeadOptions(heads="Llama-3.1-8B-Instruct.LME")
    assert options.artefacts() == {}
    heads = QrHead(options, named("llama-3.1-8b-instruct")).heads
    assert heads == published(QrHeadOptions.folder, "llama-3.1-8b-instruct.lme")


@pytest.mark.parametrize(
    ("prune", "name"),
    [
        (0.0, "phi-4"),
        (0.2, "phi-4"),
        (0.3, "phi-4.prune-0.3"),
        (0.55, "phi-4.prune-0.5"),
        (0.6, "phi-4.prune-0.6"),
    ],
)
def test_core_takes_the_deepest_published_pruning_not_deeper_than_ours(prune: float, name: str) -> None:
    backbone = named("phi-4", layers=40, heads=40)
    kept = int(40 * (1 - prune))
    heads = Core(CoreOptions(prune=prune), backbone).heads
    assert heads == [head for head in published(CoreOptions.folder, name) if head[0] < kept][:8]
    assert len(heads) == 8


def test_an_artefact_by_path(artefact: Path, tiny_backbone: Backbone) -> None:
    options = QrHeadOptions(heads=str(artefact), top=3)
    assert options.artefacts() == {"heads": artefact}
    assert QrHead(options, tiny_backbone).heads == [(0, 1), (1, 2), (1, 0)]


def test_an_artefact_cut_by_pruning(artefact: Path, tiny_backbone: Backbone) -> None:
    assert Core(CoreOptions(heads=str(artefact), top=2, prune=0.5), tiny_backbone).heads == [(0, 1), (0, 3)]
    few = Core(CoreOptions(heads=str(artefact), top=9, prune=0.5), tiny_backbone)
    with pytest.raises(UserError, match="Artefact 'town-heads': holds 8 heads of the first 1 layers, 9 are to be take"):
        few.ready()


def test_a_shipped_artefact_by_name_and_automatically(
    tiny_backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QrHeadOptions, "folder", tmp_path)
    values = header_values(tiny_backbone, Fitted(measure="nDCG@10", table=TABLE))
    folder = write_artefact(tmp_path / "artefacts" / "tiny.town", values, {}).folder
    assert QrHeadOptions(heads="Tiny.Town").artefacts() == {"heads": folder}
    for heads in ("Tiny.Town", "auto"):
        assert QrHead(QrHeadOptions(heads=heads, top=2), tiny_backbone).heads == [(0, 1), (1, 2)]


def test_an_artefact_of_another_backbone(artefact: Path) -> None:
    method = QrHead(QrHeadOptions(heads=str(artefact)), named("llama-3.1-8b-instruct"))
    with pytest.raises(UserError, match=r"fitted on backbone 'tiny' .* cannot be used with 'llama-3.1-8b-instruct'"):
        method.ready()


def test_an_artefact_without_a_detection(tiny_backbone: Backbone, tmp_path: Path) -> None:
    folder = write_artefact(tmp_path / "router", header_values(tiny_backbone, Fitted(), "routehead"), {}).folder
    with pytest.raises(UserError, match="Artefact 'town-heads' of method 'routehead' ranks no heads"):
        QrHead(QrHeadOptions(heads=str(folder)), tiny_backbone).ready()


def test_a_set_of_another_model() -> None:
    method = QrHead(QrHeadOptions(heads="llama-3.1-8b-instruct.nq"), named("qwen2.5-7b-instruct"))
    with pytest.raises(UserError, match=r"detected on meta-llama/Llama-3\.1-8B-Instruct, not on 'qwen2.5-7b-instruct'"):
        method.ready()


def test_a_backbone_nothing_is_known_for(tiny_backbone: Backbone) -> None:
    with pytest.raises(UserError, match=r"No heads are known for backbone 'tiny' .*rerankbench fit core"):
        Core(CoreOptions(), tiny_backbone).ready()


@pytest.mark.parametrize(("heads", "message"), [("2-0", "2-0 lies above the 2 layers"), ("1-8", "No such head: 1-8")])
def test_heads_outside_the_model(tiny_backbone: Backbone, heads: str, message: str) -> None:
    method = QrHead(QrHeadOptions(heads=f"0-0,{heads}"), tiny_backbone)
    with pytest.raises(UserError, match=message):
        method.ready()
    with pytest.raises(UserError, match=message):
        method.rerank("query", [Candidate("a", "text")])


def test_heads_above_what_pruning_keeps(tiny_backbone: Backbone) -> None:
    method = Core(CoreOptions(heads="0-1,1-0", prune=0.5), tiny_backbone)
    with pytest.raises(UserError, match=r"1-0 lies above the 1 layers that are kept\. Name heads of layers 0-0"):
        method.ready()


def test_too_few_heads_after_pruning() -> None:
    entry = next(entry for entry in read_published(CoreOptions.folder) if entry.name == "phi-4.prune-0.7")
    lowest = sum(head[0] < 1 for head in entry.parsed)
    assert lowest < 8
    method = Core(CoreOptions(prune=0.9), named("phi-4", layers=10))
    message = rf"'phi-4\.prune-0\.7': holds {lowest} heads of the first 1 layers, 8 are to be taken\. Lower top"
    with pytest.raises(UserError, match=message):
        method.ready()


def test_options_that_make_no_sense_are_refused() -> None:
    refused("qrhead", "no known set.*Did you mean 'llama-3.1-8b-instruct.nq'", heads="llama-3.1-8b-instruct.nk")
    refused("core", "no folder with an artefact", heads="./nowhere")
    refused("qrhead", "head 1-2 is named more than once", heads="1-2,1-2")
    refused("qrhead", "top has no meaning", heads="1-2,1-3", top=1)
    refused("core", "top has no meaning", heads="all", top=1)
    refused("core", "'prune'", prune=0.95)


def test_a_list_is_no_yaml_surprise() -> None:
    options = registry.find("qrhead").options(changes={"heads": "10-0"})
    assert isinstance(options, QrHeadOptions)
    assert parse_heads(options.heads) == [(10, 0)]
