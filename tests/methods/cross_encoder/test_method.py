"""Cross-encoders: what is read of a candidate, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from benchmark.backbones import catalogue
from benchmark.backbones.backbone import Backbone
from benchmark.errors import UserError
from methods import registry
from methods.base import Candidate
from methods.cross_encoder.method import CrossEncoder, CrossEncoderOptions

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once,\nor spots of lime remain."),
    Candidate("b", "The river Danube flows through ten countries.", title="Danube"),
]


def made(backbone: Backbone, **options: Any) -> CrossEncoder:
    return CrossEncoder(CrossEncoderOptions.model_validate(options), backbone)


def test_what_the_model_reads(tiny_pairs_backbone: Backbone) -> None:
    plain = made(tiny_pairs_backbone, words=4)
    assert [plain.pair("q", candidate) for candidate in CANDIDATES] == [
        ("q", "Copper pans should be"),
        ("q", "Danube The river Danube"),
    ]
    dear = made(tiny_pairs_backbone, words=4, pair="dear")
    assert [dear.pair("q", candidate) for candidate in CANDIDATES] == [
        ("query: q", "document:  Copper pans should be"),
        ("query: q", "document: Danube The river Danube"),
    ]


def test_scores_are_the_models_outputs(tiny_pairs_backbone: Backbone) -> None:
    method = made(tiny_pairs_backbone)
    method.ready()
    pairs = [method.pair("q", candidate) for candidate in CANDIDATES]
    assert method.rerank("q", CANDIDATES) == tiny_pairs_backbone.pairs.scores(pairs, 512)


def test_more_tokens_than_the_backbone_takes_are_refused_before_the_first_query(tiny_pairs_backbone: Backbone) -> None:
    with pytest.raises(UserError, match=r"takes 512 tokens; option tokens is 513\. Set tokens=512 or fewer"):
        made(tiny_pairs_backbone, tokens=513).ready()


def test_catalogued_presets_are_of_the_right_kind() -> None:
    card = registry.find("cross-encoder").card
    entries = catalogue.entries()
    named = [preset.backbone for preset in card.presets.values() if preset.backbone in entries]
    assert len(named) == 3
    assert all(entries[name].kind == "cross-encoder" for name in named if name)


@pytest.mark.parametrize("name", list(registry.find("cross-encoder").card.presets))
def test_presets_run_on_a_random_model(tiny_pairs_backbone: Backbone, name: str) -> None:
    options = registry.find("cross-encoder").options(name)
    assert isinstance(options, CrossEncoderOptions)
    method = CrossEncoder(options, tiny_pairs_backbone)
    method.ready()
    first, second = method.rerank("how many countries?", CANDIDATES)
    assert first != second
