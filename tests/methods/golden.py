"""Scores of the official implementations: reading them and comparing with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.backbones.backbone import Backbone
from methods import registry
from methods.base import Candidate

TOLERANCE = 1e-5
"""Largest difference, relative to the query's largest absolute score. The files are reproducible to about this."""


def inputs(path: Path) -> dict[str, tuple[str, list[Candidate]]]:
    """Query and candidates by qid, from ``inputs.json`` or from ``tiny.json``."""
    content = json.loads(path.read_text(encoding="utf-8"))
    return {
        item["qid"]: (
            item["query"],
            [Candidate(docid, text) for docid, text in zip(item["docids"], item["passages"], strict=True)],
        )
        for item in content.get("queries") or content["inputs"]
    }


def compare(
    name: str, options: dict[str, Any], backbone: Backbone, records: Sequence[dict[str, Any]], inputs: dict[str, Any]
) -> None:
    """Scores within `TOLERANCE` and the same ranking, for every record."""
    plugin = registry.find(name)
    method = plugin.method_class(plugin.options(changes=options), backbone)
    assert records
    for record in records:
        query, candidates = inputs[record["qid"]]
        scores = method.rerank(query, candidates)
        by_docid = {candidate.docid: score for candidate, score in zip(candidates, scores, strict=True)}
        ranking = sorted(by_docid, key=lambda docid: -by_docid[docid])
        if "scores" in record:
            largest = max(abs(score) for score in record["scores"])
            worst = max(
                abs(by_docid[docid] - score) for docid, score in zip(record["docids"], record["scores"], strict=True)
            )
            assert worst <= TOLERANCE * largest, (record["qid"], worst / largest)
        if "ranking" in record:
            assert ranking == record["ranking"], record["qid"]
