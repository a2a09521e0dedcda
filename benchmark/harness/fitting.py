"""Fit a method and write down what it learnt, from what, and with which code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmark import __version__
from benchmark.artefacts import Artefact, write_artefact
from benchmark.backbones import catalogue
from benchmark.backbones.backbone import Backbone
from benchmark.harness.training import Training
from benchmark.hashing import sha256_json, sha256_sources
from methods.base import Options
from methods.registry import Plugin


def fit(
    plugin: Plugin,
    options: Options,
    settings: Options,
    training: Training,
    backbone: Backbone,
    out: Path,
    kept: Path | None,
    progress: Callable[[int], None] = lambda _: None,
) -> Artefact:
    """Fit and write the artefact.

    Args:
        options, settings: of the method, and of its fit; out: folder of the artefact, made if need be.
        kept: folder of score tables that other fits may use; progress: called with the number of topics done.

    Raises:
        UserError: too few training queries.
    """
    method = plugin.method_class(options, backbone)
    fitted = method.fit(training.examples, settings, kept, progress)
    data = training.data
    header = {
        "name": f"{plugin.name}.{backbone.name}.{data.collection}.{data.split}".replace("/", "--"),
        "method": plugin.name,
        "backbone": {"name": backbone.name, "revision": backbone.revision, "dtype": backbone.dtype},
        "data": data,
        "options": options.model_dump(mode="json", exclude={plugin.method_class.fit_option or ""}),
        "settings": settings.model_dump(mode="json"),
        "code": {
            "rerankbench": __version__,
            "method_sha256": sha256_json(plugin.source_files()),
            "engine_sha256": sha256_json(sha256_sources(Path(catalogue.__file__).parent, "backbones")),
        },
        "heads": fitted.heads,
        "detection": {"measure": fitted.measure, "table": fitted.table} if fitted.table is not None else None,
        "facts": dict(fitted.facts),
    }
    return write_artefact(out, header, fitted.tensors)
