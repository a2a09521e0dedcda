"""The layer curve: what each layer alone would rank."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from benchmark.analysis.layers import LayerQuality, as_csv, band_at_peak, layer_curve, layer_scores
from benchmark.backbones.backbone import Backbone
from benchmark.collections import catalogue
from benchmark.errors import UserError
from leaderboard.curve import Dot, curve
from methods.base import Candidate
from methods.in_context.icr import IcrOptions
from methods.selective_icr.method import SelectiveIcr, SelectiveIcrOptions

CANDIDATES = [Candidate(str(number), f"{word} is a word of its own", word) for number, word in enumerate("abcd")]


@pytest.mark.parametrize("order", ["given", "reversed"])
def test_a_layer_alone_is_a_band_of_one(tiny_backbone: Backbone, order: str) -> None:
    found = layer_scores(tiny_backbone, "which word", CANDIDATES, IcrOptions.model_validate({"order": order}))
    for layer in (0, 1):
        options = SelectiveIcrOptions.model_validate({"layers": f"{layer}-{layer}", "order": order})
        expected = SelectiveIcr(options, tiny_backbone).rerank("which word", CANDIDATES)
        torch.testing.assert_close(found[layer], torch.tensor(expected))


def test_a_curve_over_a_collection(tiny_backbone: Backbone) -> None:
    seen = []
    rows = layer_curve(tiny_backbone, catalogue.find("demo", "train"), None, 4, IcrOptions(words=8), seen.append)
    assert len(seen) == 20
    assert [row.layer for row in rows] == [0, 1]
    for row in rows:
        assert 0 < row.interval[0] <= row.quality <= row.interval[1] < 1


def test_a_topic_that_does_not_fit_is_named(tiny_backbone: Backbone) -> None:
    short = Backbone("short", tiny_backbone._model, tiny_backbone.tokenizer, tiny_backbone.chat, 300, 0)
    with pytest.raises(UserError, match=r"^Topic '\S+-q1' cannot be read: .*300.*lower --depth, or cut"):
        layer_curve(short, catalogue.find("demo", "train"), None, 4, IcrOptions())


@pytest.mark.parametrize(("peak", "expected"), [(11, (10, 13)), (0, (0, 3)), (27, (24, 27)), (26, (24, 27))])
def test_the_band_lies_around_the_peak(peak: int, expected: tuple[int, int]) -> None:
    assert band_at_peak({layer: float(layer == peak) for layer in range(28)}) == expected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_the_band_holds_the_peak(qualities: list[float]) -> None:
    first, last = band_at_peak(dict(enumerate(qualities)))
    assert 0 <= first <= qualities.index(max(qualities)) <= last < len(qualities)


def test_csv_and_picture() -> None:
    rows = [LayerQuality(layer, 0.5 + layer / 100, (0.4, 0.7)) for layer in range(30)]
    assert as_csv(rows).splitlines()[:2] == ["layer,nDCG@10,low,high", "0,0.500000,0.400000,0.700000"]
    text = curve([Dot(row.layer, row.quality, row.interval) for row in rows], "<b> & c", "layer", "y", ("bm25", 0.6))
    svg = ElementTree.fromstring(text)
    names = [element.tag.rpartition("}")[2] for element in svg.iter()]
    assert names.count("circle") == 30
    assert svg[0].text == "<b> & c"
    assert any(element.text == "bm25" for element in svg.iter())
