"""Selective-ICR's band of layers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.backbones.backbone import Backbone
from benchmark.errors import UserError
from benchmark.shell_values import typed
from methods import registry
from methods.base import Candidate
from methods.selective_icr.method import SelectiveIcr, SelectiveIcrOptions, band

CANDIDATES = [Candidate("a", "Copper pans are dried at once."), Candidate("b", "The Danube crosses ten countries.")]


@pytest.mark.parametrize(("depth", "expected"), [(28, (12, 15)), (36, (16, 19)), (30, (13, 16)), (2, (0, 1))])
def test_the_rule_takes_four_layers_at_half_depth(depth: int, expected: tuple[int, int]) -> None:
    assert band("auto", depth) == expected


@given(st.integers(1, 200))
def test_the_rule_fits_every_depth(depth: int) -> None:
    first, last = band("auto", depth)
    assert 0 <= first <= last < depth


def test_all_layers_are_icr(tiny_backbone: Backbone) -> None:
    icr = registry.find("icr")
    expected = icr.method_class(icr.options(), tiny_backbone).rerank("copper", CANDIDATES)
    assert SelectiveIcr(SelectiveIcrOptions(layers="0-1"), tiny_backbone).rerank("copper", CANDIDATES) == expected


def test_layers_add_up(tiny_backbone: Backbone) -> None:
    """Without the mask a band's score is the sum of its layers' scores."""

    def scores(layers: str) -> list[float]:
        options = SelectiveIcrOptions(layers=layers, strategy="query_last")
        return SelectiveIcr(options, tiny_backbone).rerank("copper", CANDIDATES)

    parts = [first + second for first, second in zip(scores("0-0"), scores("1-1"), strict=True)]
    assert scores("0-1") == pytest.approx(parts, rel=1e-5)


def test_a_band_outside_the_model_names_its_layers(tiny_backbone: Backbone) -> None:
    with pytest.raises(UserError, match=r"layers=1-2: backbone 'tiny' has layers 0-1"):
        SelectiveIcr(SelectiveIcrOptions(layers="1-2"), tiny_backbone).rerank("copper", CANDIDATES)


@pytest.mark.parametrize("layers", ["10", "10-19", "auto"])
def test_bands_that_are_accepted(layers: str) -> None:
    assert registry.find("selective_icr").options(changes=typed({"layers": layers}))


@pytest.mark.parametrize("layers", ["19-10", "a-b", "10-", "-3", "1-2-3", "true"])
def test_bands_that_are_refused(layers: str) -> None:
    with pytest.raises(UserError, match="'layers'"):
        registry.find("selective_icr").options(changes=typed({"layers": layers}))
