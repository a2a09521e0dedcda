"""QRHead against the official code (princeton-pli/QRHead @ 7a668e7) on a real LLM."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.backbones.backbone import Backbone
from methods.base import Candidate, Example
from methods.heads.detection import Judged, detect_by_mass, detect_by_ndcg, ranked_heads
from methods.heads.method import DetectionSettings, arranged_tables
from methods.heads.notation import format_heads, parse_heads
from methods.heads.tables import HeadScorer, HeadScores, Layout
from methods.in_context.layout import IcrLayout
from methods.qrhead.method import QrHead, QrHeadOptions, QrHeadSettings
from tests.methods.golden import TOLERANCE, compare, inputs

HEADS8 = "10-0,12-4,14-2,15-7,16-1,17-3,18-5,20-8"

TINY = {"qrhead__full_heads": "all", "qrhead__heads8": HEADS8}
FULL = {"score_docs__full_heads": "all", "score_docs__heads8": HEADS8}

DETECTION = 1e-4
"""Largest difference of a head's detection score; the files hold five decimals of nDCG."""

SHAPE = (30, 9)


@pytest.mark.parametrize("run", TINY)
def test_tiny(run: str, shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    records = json.loads(golden.read_text(encoding="utf-8"))["runs"][run]
    compare("qrhead", {"spans": "official", "heads": TINY[run]}, demo_backbone, records, inputs(golden))


@pytest.mark.slow
@pytest.mark.parametrize("run", FULL)
def test_full_prompts(run: str, shared: Path, demo_backbone: Backbone, all_golden: bool) -> None:
    if FULL[run] == "all" and not all_golden:
        pytest.skip("full prompts; set RERANKBENCH_ALL_GOLDEN=1 to run this")
    records = _golden(shared)["runs"][run]
    chosen = records if all_golden else records[-1:]
    options = {"spans": "official", "heads": FULL[run]}
    compare("qrhead", options, demo_backbone, chosen, inputs(shared / "golden" / "inputs.json"))


def test_every_head_of_tiny_prompts(shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    for qid, expected in json.loads(golden.read_text(encoding="utf-8"))["per_head"].items():
        _compare_table(_scores(demo_backbone, *inputs(golden)[qid]).calibrated, _table(expected))


@pytest.mark.slow
def test_every_head_of_full_prompts(shared: Path, demo_backbone: Backbone, all_golden: bool) -> None:
    records = _golden(shared)["per_head"]["queries"]
    known = inputs(shared / "golden" / "inputs.json")
    for record in records if all_golden else records[:1]:
        _compare_table(_scores(demo_backbone, *known[record["qid"]]).calibrated, _table(record["table"]))


def test_documents_are_mixed_as_the_official_script_mixes_them(shared: Path) -> None:
    """Seed 42 once, then query after query."""
    expected = _golden(shared)["detection"]["beir_style_ndcg10_graded_official_shuffle"]["shuffled_order"]
    seen: dict[str, list[str]] = {}

    class Seeing(HeadScorer):
        def __init__(self) -> None:
            pass

        def scores(self, layout: Layout, query: str, candidates: Sequence[Candidate]) -> HeadScores:
            seen[query] = [candidate.docid for candidate in candidates]
            places = torch.tensor([int(docid.partition("-")[2]) for docid in seen[query]], dtype=torch.float32)
            return HeadScores(places.expand(1, 1, -1), -places.expand(1, 1, -1))

    examples = _examples(shared, list(expected))
    tables = arranged_tables(Seeing(), _layout(), examples, DetectionSettings(), lambda _: None)
    assert {qid: seen[example.query] for qid, example in zip(expected, examples, strict=True)} == expected
    for table in tables:
        assert table.raw[0, 0].tolist() == list(range(20)), "scores are not back in the order of the candidates"
        assert table.calibrated[0, 0].tolist() == [-place for place in range(20)]


def test_detection_in_given_order(shared: Path, demo_backbone: Backbone, all_golden: bool) -> None:
    """All ten queries; the tables of the first five are stored, those of the others take a pass each."""
    if not all_golden:
        pytest.skip("five passes over full prompts; set RERANKBENCH_ALL_GOLDEN=1 to run this")
    content = _golden(shared)
    stored = {record["qid"]: _table(record["table"]) for record in content["per_head"]["queries"]}
    known, graded, binary = inputs(shared / "golden" / "inputs.json"), [], []
    for qid, gold in content["detection"]["gold"].items():
        scores = stored[qid] if qid in stored else _scores(demo_backbone, *known[qid]).calibrated
        grades = _grades(shared)[qid]
        found = [grades[candidate.docid] for candidate in known[qid][1]]
        assert [c.docid for c, grade in zip(known[qid][1], found, strict=True) if grade > 0] == gold
        graded.append(Judged(scores, found))
        binary.append(Judged(scores, [int(grade > 0) for grade in found]))
    detection = content["detection"]
    _compare_detection(detect_by_mass(graded), detection["lme_style"])
    _compare_detection(detect_by_ndcg(graded), detection["beir_style_ndcg10_graded_given_order"])
    _compare_detection(detect_by_ndcg(binary), detection["beir_style_ndcg10_binary_given_order"])


def test_detection_with_the_official_mixing(
    shared: Path, demo_backbone: Backbone, all_golden: bool, tmp_path: Path
) -> None:
    if not all_golden:
        pytest.skip("five passes over full prompts; set RERANKBENCH_ALL_GOLDEN=1 to run this")
    expected = _golden(shared)["detection"]["beir_style_ndcg10_graded_official_shuffle"]
    examples = _examples(shared, expected["queries"])
    fitted = QrHead(QrHeadOptions(spans="official"), demo_backbone).fit(examples, QrHeadSettings(), tmp_path)
    assert fitted.table is not None
    table = torch.tensor(fitted.table, dtype=torch.float64)
    _compare_detection(table, expected["head_scores"])
    official = [head for head, _ in expected["head_scores"]]
    assert len(fitted.heads) == 16
    assert set(fitted.heads) == set(official[:16])


def _golden(shared: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / "golden" / "qrhead.json").read_text(encoding="utf-8"))
    return content


def _grades(shared: Path) -> dict[str, dict[str, int]]:
    content = json.loads((shared / "golden" / "inputs.json").read_text(encoding="utf-8"))
    return {item["qid"]: item["qrels"] for item in content["queries"]}


def _examples(shared: Path, qids: Sequence[str]) -> list[Example]:
    known, grades = inputs(shared / "golden" / "inputs.json"), _grades(shared)
    return [
        Example(known[qid][0], known[qid][1], [grades[qid][candidate.docid] for candidate in known[qid][1]])
        for qid in qids
    ]


def _layout() -> IcrLayout:
    return IcrLayout("ie", "given", 0, "offsets")


def _scores(backbone: Backbone, query: str, candidates: Sequence[Candidate]) -> HeadScores:
    return HeadScorer(backbone, None).scores(_layout(), query, candidates)


def _table(by_docid: dict[str, Any]) -> Tensor:
    """``[layers, heads, documents]``, documents in the order of the file, which is that of the inputs."""
    return torch.tensor(list(by_docid.values())).permute(1, 2, 0)


def _compare_table(ours: Tensor, official: Tensor) -> None:
    assert ours.shape == official.shape
    assert ours.shape[:2] == SHAPE
    torch.testing.assert_close(ours, official, atol=TOLERANCE * official.abs().max().item(), rtol=0)


def _compare_detection(ours: Tensor, official: list[tuple[str, float]]) -> None:
    """Every head's score, and our order by theirs wherever scores differ by more than the tolerance."""
    assert ours.shape == SHAPE
    assert len(official) == ours.numel()
    expected = torch.zeros(SHAPE, dtype=torch.float64)
    for head, score in official:
        expected[parse_heads(head)[0]] = score
    torch.testing.assert_close(ours, expected, atol=DETECTION, rtol=0)
    scores = dict(official)
    ranked = [scores[format_heads([head])] for head in ranked_heads(ours)]
    assert all(after <= before + 2 * DETECTION for before, after in pairwise(ranked))
