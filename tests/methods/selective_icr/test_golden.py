"""Selective-ICR against the official code (ielab/Selective-ICR @ 9f89706) on a real LLM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.backbones.attention.prompt import Prompt
from benchmark.backbones.backbone import Backbone
from methods.in_context.passages import passage
from methods.in_context.reading import icr_reading
from methods.in_context.scoring import LayerScores
from tests.methods.golden import TOLERANCE, compare, inputs

TINY: dict[str, dict[str, Any]] = {
    "selective_icr__layers10_19__llama_branch": {"layers": "10-19"},
    "selective_icr__layers10_19__qwen_branch": {"layers": "10-19", "rows": "query"},
    "selective_icr__all_layers__per_layer": {"layers": "0-29"},
}


@pytest.mark.parametrize("run", TINY)
def test_tiny(run: str, shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    records = json.loads(golden.read_text(encoding="utf-8"))["runs"][run]
    compare("selective_icr", {"spans": "official", **TINY[run]}, demo_backbone, records, inputs(golden))


def test_each_layer(shared: Path, demo_backbone: Backbone) -> None:
    """The scores of every layer alone, from one reading."""
    golden = shared / "golden" / "tiny.json"
    for record in json.loads(golden.read_text(encoding="utf-8"))["runs"]["selective_icr__all_layers__per_layer"]:
        query, candidates = inputs(golden)[record["qid"]]
        texts = [passage(candidate, 0) for candidate in candidates]
        reading = icr_reading(demo_backbone.tokenizer, demo_backbone.chat, texts, query, "qa", "lengths")
        layers = LayerScores(reading.documents)
        reader = demo_backbone.attention
        reader.read(Prompt(reading.prefix, [reading.query, reading.content_free]), reader.all_heads(), layers)
        found = torch.stack([layers.scores[layer] for layer in range(30)])
        expected = torch.tensor(record["per_layer_scores"])
        torch.testing.assert_close(found, expected, atol=TOLERANCE * expected.abs().max().item(), rtol=0)


@pytest.mark.slow
def test_full_prompts(shared: Path, demo_backbone: Backbone, all_golden: bool) -> None:
    runs = json.loads((shared / "golden" / "selective_icr.json").read_text(encoding="utf-8"))["runs"]
    prompts = inputs(shared / "golden" / "inputs.json")
    for rows, branch in (("tail", "llama_branch"), ("query", "qwen_branch")):
        records = runs[f"masked_NA_calibration__QA__layers10_19__{branch}"]
        chosen = records if all_golden else records[:1]
        compare("selective_icr", {"spans": "official", "layers": "10-19", "rows": rows}, demo_backbone, chosen, prompts)
