"""Head analysis: rules, overlaps, and the curve over the number of heads."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import torch

from benchmark.analysis.heads import (
    HeadSet,
    Rule,
    counts,
    curve_csv,
    detect,
    enough,
    lists,
    overlap_csv,
    overlaps,
    scores_csv,
    seen_before,
    sum_curves,
    summed,
)
from benchmark.backbones.backbone import Backbone
from benchmark.collections import catalogue
from benchmark.collections.base import Collection
from benchmark.errors import UserError
from benchmark.harness.training import training
from methods.base import Example
from methods.heads.tables import HeadScorer
from methods.qrhead.method import QrHead, QrHeadOptions, QrHeadSettings


@pytest.fixture
def town(small: Path) -> Collection:
    return catalogue.find(str(small), "test")


def test_detection_is_what_a_fit_finds_and_one_pass_serves_all(
    tiny_backbone: Backbone, town: Collection, tmp_path: Path
) -> None:
    examples = training(town, None, 4).examples
    seen: list[int] = []
    scorer = HeadScorer(tiny_backbone, tmp_path)
    rules = detect(tiny_backbone, scorer, examples, seen.append)
    assert seen == [1, 2, 3, 4, 5, 6]
    assert scorer.made == 6
    assert [rule.name for rule in rules] == ["QRHead", "CoRe"]
    fitted = QrHead(QrHeadOptions(), tiny_backbone).fit(examples, QrHeadSettings(), tmp_path)
    assert fitted.facts["tables_made"] == 0
    torch.testing.assert_close(rules[0].scores, torch.tensor(fitted.table, dtype=torch.float64), atol=1e-5, rtol=1e-5)
    assert tuple(f"{layer}-{head}" for layer, head in rules[0].best.heads) == fitted.heads


def test_the_curve_ends_where_rules_cannot_differ(tiny_backbone: Backbone, town: Collection) -> None:
    scorer = HeadScorer(tiny_backbone, None)
    rules = detect(tiny_backbone, scorer, training(town, None, 4).examples, lambda _: None)
    measured = lists(town, None, 4)
    found = sum_curves(tiny_backbone, scorer, rules, measured, lambda _: None)
    heads = rules[0].scores.numel()
    for rows in found.values():
        assert [row.count for row in rows] == counts(heads)
        assert all(0 < row.interval[0] <= row.quality <= row.interval[1] <= 1 for row in rows)
    assert found["QRHead"][-1] == found["CoRe"][-1], "all heads are all heads"
    assert measured.first_stage_quality() == pytest.approx(0.5), "the relevant document stands third"
    text = curve_csv(found, 0.5)
    assert text.splitlines()[-1] == "first stage,,0.500000,,"


def test_sums_are_over_the_best_heads() -> None:
    table = torch.arange(12.0).reshape(2, 2, 3)
    found = summed(table, [(1, 0), (0, 1), (0, 0), (1, 1)], [1, 2, 4])
    torch.testing.assert_close(found[0], table[1, 0].double())
    torch.testing.assert_close(found[1], (table[1, 0] + table[0, 1]).double())
    torch.testing.assert_close(found[2], table.sum((0, 1)).double())


@pytest.mark.parametrize(("heads", "expected"), [(1, [1]), (8, [1, 2, 4, 8]), (100, [1, 2, 4, 8, 16, 32, 64, 100])])
def test_the_last_count_is_all(heads: int, expected: list[int]) -> None:
    assert counts(heads) == expected


def test_overlap_of_every_two_sets() -> None:
    sets = [HeadSet("a, b", ((0, 1), (1, 0))), HeadSet("c", ((1, 0), (2, 2))), HeadSet("d", ((5, 5),))]
    found = overlaps(sets)
    assert [(pair.heads, pair.jaccard) for pair in found] == [(((1, 0),), 1 / 3), ((), 0.0), ((), 0.0)]
    rows = list(csv.DictReader(io.StringIO(overlap_csv(found))))
    assert rows[0] == {
        "set": "a, b",
        "size": "2",
        "other_set": "c",
        "other_size": "2",
        "shared": "1",
        "jaccard": "0.3333",
        "heads": "1-0",
    }


def test_scores_with_ranks() -> None:
    rule = Rule("X", "m", torch.tensor([[0.25, 0.5]], dtype=torch.float64), 16)
    assert scores_csv(rule) == "layer,head,m,rank\n0,0,0.25,2\n0,1,0.5,1\n"
    assert rule.best == HeadSet("X top 2", ((0, 1), (0, 0)))


def test_topics_that_were_learnt_from_are_counted(town: Collection) -> None:
    assert seen_before(list(town.topics()), training(town, None, 4).data) == 6
    assert seen_before(list(catalogue.find("demo", "test").topics()), training(town, None, 4).data) == 0


def test_too_few_queries() -> None:
    with pytest.raises(UserError, match=r"at least 4 queries.* there are 1"):
        enough([Example("q", [], [])])
