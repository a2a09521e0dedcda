"""Artefacts and what they say of their training data, for tests that need no real fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.artefacts import Artefact, TrainingData, write_artefact


def training_data(**changes: Any) -> TrainingData:
    """Data that nothing else has seen."""
    values: dict[str, Any] = {
        "collection": "school",
        "split": "train",
        "revision": "ab",
        "first_stage": "bm25",
        "run_sha256": "cd",
        "depth": 4,
        "queries": 12,
        "skipped": 0,
        "query_prints": (),
        "document_prints": (),
    }
    return TrainingData(**values | changes)


def head_artefact(folder: Path, **changes: Any) -> Artefact:
    """As a fit of QRHead on a model of two layers with four heads each would leave it."""
    values: dict[str, Any] = {
        "name": "qrhead.tiny-llama.school.train",
        "method": "qrhead",
        "backbone": {"name": "tiny-llama", "revision": "12", "dtype": "float32"},
        "data": training_data(),
        "options": {},
        "settings": {},
        "code": {},
        "heads": ("1-2",),
        "detection": {"measure": "nDCG@10", "table": [[0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.9, 0.8]]},
        "facts": {},
    }
    return write_artefact(folder, values | changes, {})
