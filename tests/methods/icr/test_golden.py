"""ICR against the official code (OSU-NLP-Group/In-Context-Reranking @ 9117e9f) on a real LLM."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from tests.methods.golden import compare, inputs

TINY: dict[str, dict[str, Any]] = {
    "icr__masked_NA_calibration__QA": {"kind": "qa"},
    "icr__masked_NA_calibration__IE": {"kind": "ie"},
    "icr__query_last__QA": {"kind": "qa", "strategy": "query_last"},
    "icr__NA_only__QA": {"kind": "qa", "strategy": "na_only"},
    "icr__masked_NA_calibration__QA__reverse": {"kind": "qa", "order": "reversed"},
}

FULL: dict[str, tuple[dict[str, Any], int]] = {
    "masked_NA_calibration__QA": ({"kind": "qa"}, 1),
    "masked_NA_calibration__IE": ({"kind": "ie"}, 0),
    "query_last__QA": ({"kind": "qa", "strategy": "query_last"}, 0),
    "NA_only__QA": ({"kind": "qa", "strategy": "na_only"}, 0),
    "masked_NA_calibration__QA__reverse_doc_order": ({"kind": "qa", "order": "reversed"}, 0),
    "masked_NA_calibration__QA__sliding_w10_s5": ({"kind": "qa", "window": 10, "stride": 5}, 1),
}
"""Run of the official code, our options, and how many of its queries are compared by default.

None for those whose rules the tiny prompts compare already.
"""


@pytest.mark.parametrize("run", TINY)
def test_tiny(run: str, shared: Path, demo_backbone: Backbone) -> None:
    golden = shared / "golden" / "tiny.json"
    records = json.loads(golden.read_text(encoding="utf-8"))["runs"][run]
    compare("icr", {"spans": "official", **TINY[run]}, demo_backbone, records, inputs(golden))


@pytest.mark.slow
@pytest.mark.parametrize("run", FULL)
def test_full_prompts(run: str, shared: Path, demo_backbone: Backbone, all_golden: bool) -> None:
    options, some = FULL[run]
    if not all_golden and not some:
        pytest.skip("full prompts; set RERANKBENCH_ALL_GOLDEN=1 to run this")
    records = json.loads((shared / "golden" / "icr.json").read_text(encoding="utf-8"))["runs"][run]
    chosen = records if all_golden else records[-some:]
    compare("icr", {"spans": "official", **options}, demo_backbone, chosen, inputs(shared / "golden" / "inputs.json"))
