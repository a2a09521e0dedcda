"""CoRe against the official code (linhhtran/CoRe-Reranking @ 4d62a246) on a real LLM."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from benchmark.backbones.backbone import Backbone
from methods.base import Candidate, Example
from methods.core.method import Core, CoreOptions, CoreSettings
from methods.core.reading import CoreLayout
from methods.heads.detection import Judged, detect_by_contrast, ranked_heads
from methods.heads.notation import parse_heads
from methods.heads.tables import HeadScorer
from tests.methods.golden import compare, inputs

HEADS8: dict[str, Any] = {"heads": "10-0,12-4,14-2,15-7,16-1,17-3,18-5,20-8"}
PRUNED: dict[str, Any] = {"heads": "10-0,12-4,14-2", "prune": 0.5}

TINY = {"core__head_set_None": {"heads": "all"}, "core__heads8": HEADS8, "core__prune0.5__heads3": PRUNED}
FULL = {"rerank__head_set_None": {"heads": "all"}, "rerank__heads8": HEADS8, "rerank__prune0.5__heads3": PRUNED}

LAYOUT = CoreLayout("given", 0, "official", detection=True)

TOLERANCES = {0.1: 1e-4, 0.001: 1e-2}
"""By temperature: a difference of 1e-6 in the sums is one of 1e-3 in the exponent at the lower one."""

LEFT_OUT = 1
"""Grade of relevant documents that are neither the positive nor negatives."""


@pytest.mark.parametrize("run", TINY)
def test_tiny(run: str, shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    records = json.loads(golden.read_text(encoding="utf-8"))["runs"][run]
    compare("core", {"spans": "official", **TINY[run]}, demo_backbone, records, inputs(golden))


@pytest.mark.slow
@pytest.mark.parametrize("run", FULL)
def test_full_prompts(run: str, shared: Path, demo_backbone: Backbone, all_golden: bool) -> None:
    if FULL[run]["heads"] == "all" and not all_golden:
        pytest.skip("full prompts; set RERANKBENCH_ALL_GOLDEN=1 to run this")
    records = _golden(shared)["runs"][run]
    chosen = records if all_golden else records[-1:]
    known = inputs(shared / "golden" / "inputs.json")
    compare("core", {"spans": "official", **FULL[run]}, demo_backbone, chosen, known)


@pytest.mark.slow
def test_detection_on_tiny_prompts(shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    for qid, record in json.loads(golden.read_text(encoding="utf-8"))["core_detection"].items():
        judged = _judged(demo_backbone, *inputs(golden)[qid], record)
        for temperature, key in ((0.1, "temp_0_1"), (0.001, "temp_0_001")):
            _compare(detect_by_contrast([judged], temperature), torch.tensor(record[key]), temperature)


@pytest.mark.slow
def test_detection_on_one_full_prompt(shared: Path, demo_backbone: Backbone) -> None:
    detection = _golden(shared)["detection"]
    record = detection["queries"][-1]
    judged = _judged(demo_backbone, *inputs(shared / "golden" / "inputs.json")[record["qid"]], record)
    for temperature in TOLERANCES:
        expected = torch.tensor(detection[f"temp_{temperature:g}"]["per_query"][record["qid"]])
        _compare(detect_by_contrast([judged], temperature), expected, temperature)


def test_whole_detection(shared: Path, demo_backbone: Backbone, all_golden: bool, tmp_path: Path) -> None:
    """`Method.fit` from grades: positive, negatives and the mean over ten queries."""
    if not all_golden:
        pytest.skip("ten passes over full prompts; set RERANKBENCH_ALL_GOLDEN=1 to run this")
    detection = _golden(shared)["detection"]
    content = json.loads((shared / "golden" / "inputs.json").read_text(encoding="utf-8"))
    grades = {item["qid"]: item["qrels"] for item in content["queries"]}
    known = inputs(shared / "golden" / "inputs.json")
    examples = []
    for record in detection["queries"]:
        query, candidates = known[record["qid"]]
        examples.append(Example(query, candidates, [grades[record["qid"]][c.docid] for c in candidates]))
    method = Core(CoreOptions(spans="official"), demo_backbone)
    for temperature, made in ((0.1, 10), (0.001, 0)):
        fitted = method.fit(examples, CoreSettings(temperature=temperature, arrange="given"), tmp_path)
        assert fitted.facts["tables_made"] == made
        assert fitted.table is not None
        table = torch.tensor(fitted.table, dtype=torch.float64)
        expected = torch.zeros(30, 9, dtype=torch.float64)
        stored = detection[f"temp_{temperature:g}"]
        for head, score in stored["head_score"].items():
            expected[parse_heads(head)[0]] = score
        _compare(table, expected, temperature)
        if temperature == 0.1:
            assert ranked_heads(table)[:8] == [parse_heads(head)[0] for head in stored["ranking_top20"][:8]]


def _golden(shared: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / "golden" / "core.json").read_text(encoding="utf-8"))
    return content


def _judged(backbone: Backbone, query: str, candidates: Sequence[Candidate], record: dict[str, Any]) -> Judged:
    """The query's raw table, with grades that make the stored positive and negatives those of the rule."""
    grades = {record["positive"]: LEFT_OUT + 1, **dict.fromkeys(record["negatives"], 0)}
    scores = HeadScorer(backbone, None).scores(LAYOUT, query, candidates)
    return Judged(scores.raw, [grades.get(candidate.docid, LEFT_OUT) for candidate in candidates])


def _compare(ours: Tensor, official: Tensor, temperature: float) -> None:
    assert ours.shape == official.shape == (30, 9)
    torch.testing.assert_close(ours, official.to(ours.dtype), atol=TOLERANCES[temperature], rtol=0)
