"""Score tables are made once and shared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.spec import Chat
from benchmark.errors import UserError
from methods.base import Candidate
from methods.core.method import Core, CoreOptions, CoreSettings
from methods.heads.method import FEWEST
from methods.heads.tables import HeadScorer, HeadScores
from methods.in_context.layout import IcrLayout
from methods.qrhead.method import QrHead, QrHeadOptions, QrHeadSettings
from tests.support.fitting import THINGS, examples

LAYOUT = IcrLayout("ie", "given", 0, "exact")
CANDIDATES = [Candidate("a", "the mill"), Candidate("b", "the canal", title="Water")]


def passes(backbone: Backbone) -> int:
    return backbone.meter.total.forward_passes


def made(
    backbone: Backbone,
    folder: Path | None,
    candidates: Sequence[Candidate] = CANDIDATES,
    query: str = "mill",
    layout: IcrLayout = LAYOUT,
) -> int:
    """Tables that had to be made; the meter has to agree."""
    scorer, before = HeadScorer(backbone, folder), passes(backbone)
    scorer.scores(layout, query, candidates)
    assert (passes(backbone) > before) is bool(scorer.made)
    return scorer.made


def same(one: HeadScores, other: HeadScores) -> bool:
    return torch.equal(one.raw, other.raw) and torch.equal(one.calibrated, other.calibrated)


def test_a_kept_table_is_the_made_one(tiny_backbone: Backbone, tmp_path: Path) -> None:
    first = HeadScorer(tiny_backbone, tmp_path).scores(LAYOUT, "mill", CANDIDATES)
    before = passes(tiny_backbone)
    second = HeadScorer(tiny_backbone, tmp_path).scores(LAYOUT, "mill", CANDIDATES)
    assert passes(tiny_backbone) == before
    assert same(first, second)
    assert first.raw.shape == first.calibrated.shape == (2, 8, 2)
    assert first.raw.dtype == torch.float32
    assert same(first, HeadScorer(tiny_backbone, None).scores(LAYOUT, "mill", CANDIDATES))
    assert passes(tiny_backbone) > before, "nothing is kept without a folder"


def test_anything_that_changes_the_prompt_makes_a_new_table(tiny_backbone: Backbone, tmp_path: Path) -> None:
    assert made(tiny_backbone, tmp_path) == 1
    assert made(tiny_backbone, tmp_path) == 0
    first, second = CANDIDATES
    assert made(tiny_backbone, tmp_path, query="Mill") == 1
    assert made(tiny_backbone, tmp_path, [replace(first, text="the mill."), second]) == 1
    assert made(tiny_backbone, tmp_path, [first, replace(second, title=None)]) == 1
    assert made(tiny_backbone, tmp_path, [second, first]) == 1
    assert made(tiny_backbone, tmp_path, layout=replace(LAYOUT, words=1)) == 1
    assert made(tiny_backbone, tmp_path, [replace(first, docid="z", score=3.0), second]) == 0


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("revision", "other"), ("name", "other"), ("chat", Chat(prefix="<u>", suffix="</u>", separator="\n\n"))],
)
def test_another_backbone_makes_a_new_table(
    tiny_backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attribute: str, value: Any
) -> None:
    assert made(tiny_backbone, tmp_path) == 1
    monkeypatch.setattr(tiny_backbone, attribute, value)
    assert made(tiny_backbone, tmp_path) == 1


@pytest.mark.parametrize("kept", [0, 5, 100, -1], ids=lambda kept: f"{kept} bytes")
def test_a_truncated_file_is_made_again(tiny_backbone: Backbone, tmp_path: Path, kept: int) -> None:
    first = HeadScorer(tiny_backbone, tmp_path).scores(LAYOUT, "mill", CANDIDATES)
    (path,) = tmp_path.rglob("*.safetensors")
    path.write_bytes(path.read_bytes()[:kept])
    scorer = HeadScorer(tiny_backbone, tmp_path)
    assert same(scorer.scores(LAYOUT, "mill", CANDIDATES), first)
    assert scorer.made == 1
    assert made(tiny_backbone, tmp_path) == 0, "the file was not mended"


def test_one_pass_serves_both_methods(tiny_backbone: Backbone, tmp_path: Path) -> None:
    seen: list[int] = []
    first = QrHead(QrHeadOptions(), tiny_backbone).fit(examples(), QrHeadSettings(), tmp_path, seen.append)
    assert seen == list(range(1, len(THINGS) + 1))
    assert first.facts == {"queries": 12, "tables_made": 12}
    before = passes(tiny_backbone)
    second = Core(CoreOptions(), tiny_backbone).fit(examples(), CoreSettings(), tmp_path)
    third = QrHead(QrHeadOptions(), tiny_backbone).fit(examples(), QrHeadSettings(measure="raw_mass"), tmp_path)
    assert passes(tiny_backbone) == before
    assert second.facts == third.facts == {"queries": 12, "tables_made": 0}
    assert len({first.measure, second.measure, third.measure}) == 3
    assert (len(first.heads), len(second.heads)) == (16, 8)


def test_cores_own_prompt_takes_its_own_pass(tiny_backbone: Backbone, tmp_path: Path) -> None:
    few = examples()[:4]
    Core(CoreOptions(), tiny_backbone).fit(few, CoreSettings(), tmp_path)
    for options, settings in (
        (CoreOptions(), CoreSettings(prompt="core")),
        (CoreOptions(spans="official"), CoreSettings()),
    ):
        fitted = Core(options, tiny_backbone).fit(few, settings, tmp_path)
        assert fitted.facts["tables_made"] == 4


def test_the_seed_and_the_number_of_queries_are_obeyed(tiny_backbone: Backbone, tmp_path: Path) -> None:
    method = QrHead(QrHeadOptions(), tiny_backbone)
    first = method.fit(examples(), QrHeadSettings(queries=4), tmp_path)
    assert first.facts == {"queries": 4, "tables_made": 4}
    assert method.fit(examples()[:4], QrHeadSettings(), tmp_path).facts == {"queries": 4, "tables_made": 0}
    assert method.fit(examples()[:4], QrHeadSettings(seed=1), tmp_path).facts["tables_made"] > 0
    method.fit(examples()[:4], QrHeadSettings(arrange="given"), tmp_path)
    again = method.fit(examples()[:4], QrHeadSettings(arrange="given", seed=1), tmp_path)
    assert again.facts["tables_made"] == 0, "no seed where nothing is mixed"


def test_pruned_heads_lie_in_the_layers_kept(tiny_backbone: Backbone, tmp_path: Path) -> None:
    fitted = Core(CoreOptions(prune=0.5), tiny_backbone).fit(examples()[:4], CoreSettings(), tmp_path)
    assert sorted(fitted.heads) == [f"0-{head}" for head in range(8)]


@pytest.mark.parametrize("number", range(FEWEST))
def test_too_few_examples_are_counted(tiny_backbone: Backbone, number: int) -> None:
    with pytest.raises(UserError, match=rf"^{number} training queries .* at least {FEWEST} are needed"):
        QrHead(QrHeadOptions(), tiny_backbone).fit(examples()[:number], QrHeadSettings())
