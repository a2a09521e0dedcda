"""Scores of every head alone against QRHead's official detection code (princeton-pli/QRHead @ 7a668e7)."""

from __future__ import annotations

import json
from pathlib import Path

import torch

from benchmark.backbones.attention.prompt import Prompt
from benchmark.backbones.backbone import Backbone
from methods.in_context.reading import icr_reading
from methods.in_context.scoring import HeadTable
from tests.methods.golden import TOLERANCE, inputs


def test_every_head_of_every_layer(shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    tables = json.loads(golden.read_text(encoding="utf-8"))["per_head"]
    for qid, expected in tables.items():
        query, candidates = inputs(golden)[qid]
        texts = [candidate.text for candidate in candidates]
        reading = icr_reading(demo_backbone.tokenizer, demo_backbone.chat, texts, query, "ie", "offsets")
        table = HeadTable(reading.documents)
        reader = demo_backbone.attention
        reader.read(Prompt(reading.prefix, [reading.query, reading.content_free]), reader.all_heads(), table)
        official = torch.tensor([expected[candidate.docid] for candidate in candidates]).permute(1, 2, 0)
        assert table.calibrated.shape == official.shape == (30, 9, len(candidates))
        torch.testing.assert_close(table.calibrated, official, atol=TOLERANCE * official.abs().max().item(), rtol=0)
