"""Methods fitted on a few short passages, and the artefacts that come out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.artefacts import Artefact, write_artefact
from benchmark.backbones.backbone import Backbone
from methods.base import Candidate, Example, Fitted, Options
from methods.registry import Plugin

SHA = "0" * 64

THINGS = ["mill", "canal", "heron", "bridge", "dyke", "market", "ferry", "lock", "tower", "orchard", "well", "barn"]


def examples() -> list[Example]:
    """Twelve queries of four candidates; which of them is relevant changes from query to query."""
    found = []
    for number, thing in enumerate(THINGS):
        things = [THINGS[(number + step) % len(THINGS)] for step in range(4)]
        relevant = number % 4
        things[0], things[relevant] = things[relevant], things[0]
        candidates = [Candidate(f"{number}-{other}", f"about the {other}") for other in things]
        found.append(Example(f"old {thing}", candidates, [int(other == thing) for other in things]))
    return found


def header_values(backbone: Backbone, fitted: Fitted, method: str = "qrhead", **changes: Any) -> dict[str, Any]:
    """What `write_artefact` needs for a fit on `examples`."""
    detection = None if fitted.measure is None else {"measure": fitted.measure, "table": fitted.table}
    values = {
        "name": "town-heads",
        "method": method,
        "backbone": {"name": backbone.name, "revision": backbone.revision, "dtype": backbone.dtype},
        "data": {
            "collection": "town",
            "split": "train",
            "revision": SHA,
            "first_stage": "bm25",
            "run_sha256": SHA,
            "depth": 4,
            "queries": len(THINGS),
            "skipped": 0,
            "query_prints": (),
            "document_prints": (),
        },
        "options": {},
        "settings": {},
        "code": {},
        "heads": fitted.heads,
        "detection": detection,
        "facts": dict(fitted.facts),
    }
    return values | changes


def fit(plugin: Plugin, options: Options, backbone: Backbone, folder: Path, kept: Path | None = None) -> Artefact:
    """Fit a method with its default settings on `examples`, and write the artefact."""
    settings = plugin.method_class.fit_settings
    assert settings is not None
    fitted = plugin.method_class(options, backbone).fit(examples(), settings(), kept)
    return write_artefact(folder, header_values(backbone, fitted, plugin.name), fitted.tensors)
