"""The estimate of a sweep's GPU hours."""

from __future__ import annotations

import pytest

from benchmark import suites
from benchmark.backbones import catalogue
from benchmark.collections import catalogue as collections
from benchmark.errors import UserError
from benchmark.perf.sweep_cost import BACKBONES, Machine, Work, costs, seconds_a_query

GPU = Machine(peak=1e15, utilisation=0.5, bandwidth=3e12, share=0.5)


def test_a_forward_pass_is_its_operations_over_what_the_gpu_reaches() -> None:
    linear, attention = 2 * 8e9 * 20_000, 2 * 32 * 4096 * 20_000**2
    seconds = seconds_a_query(Work(1.0), 200, 100, 8_000_000_000, (32, 4096), GPU)
    assert seconds == pytest.approx((linear + attention) / 5e14)
    assert seconds_a_query(Work(0.5), 200, 100, 8_000_000_000, (32, 4096), GPU) == pytest.approx(seconds / 2)


def test_windows_and_generated_tokens() -> None:
    one = seconds_a_query(Work(None), 200, 20, 8_000_000_000, (32, 4096), GPU)
    nine = seconds_a_query(Work(None), 200, 100, 8_000_000_000, (32, 4096), GPU)
    assert nine == pytest.approx(9 * one)
    written = seconds_a_query(Work(None, generated=100), 200, 20, 8_000_000_000, (32, 4096), GPU)
    assert written - one == pytest.approx(100 * 16e9 / 1.5e12)


def test_queries_are_the_catalogues_and_measured_seconds_count() -> None:
    cells = costs(["trec-dl"], list(BACKBONES), GPU, 300, {"icr": 7.0})
    suite = suites.find("trec-dl")
    queries = sum(collections.entries()[e.collection].splits[e.split].queries for e in suite.collections)
    icr = [cell for cell in cells if cell.method == "icr"]
    assert sum(cell.queries for cell in icr) == len(BACKBONES) * queries
    assert {cell.seconds for cell in icr} == {7.0}
    assert sum(cell.queries for cell in cells if cell.method == "first-stage") == queries


def test_every_suite_is_known_and_every_backbone_is_in_the_catalogue() -> None:
    assert len({cell.suite for cell in costs(["beir", "trec-dl", "bright"], list(BACKBONES), GPU, 300)}) == 3
    for name in BACKBONES:
        assert 7e9 < catalogue.find(name).spec.parameters < 9e9


def test_what_is_not_known_is_named() -> None:
    with pytest.raises(UserError, match="how long documents of 'demo' are is not known"):
        costs(["demo"], list(BACKBONES), GPU, 300)
    with pytest.raises(UserError, match=r"Backbone 'qwen3-8': Did you mean 'qwen3-8b'"):
        costs(["trec-dl"], ["qwen3-8"], GPU, 300)
