"""What is asked, by content: a method with its options, a backbone with its weights, candidates of a collection."""

from __future__ import annotations

from pathlib import Path

from benchmark.artefacts import read_artefact
from benchmark.backbones import catalogue as backbone_catalogue
from benchmark.backbones.catalogue import Selected
from benchmark.backbones.kernels import available_kernel
from benchmark.backbones.sources import settings_of, whereabouts
from benchmark.backbones.spec import AS_SERVED, DType, EndpointSource
from benchmark.collections.base import Collection
from benchmark.harness.record import BackboneRequest, CollectionRequest, MethodRequest
from benchmark.hashing import sha256_json, sha256_sources
from benchmark.suites import SuiteMethod
from methods.base import Options
from methods.registry import Plugin


def method_request(entry: SuiteMethod, plugin: Plugin, values: Options) -> MethodRequest:
    """Identity of a method with its options; UserError for an artefact that is altered."""
    options = values.model_dump(mode="json")
    artefacts = {}
    for option, path in values.artefacts().items():
        header = read_artefact(path).header
        options[option] = header.name
        artefacts[option] = header.sha256
    return MethodRequest(
        name=plugin.name,
        preset=entry.preset,
        options=options,
        artefacts=artefacts,
        source_sha256=sha256_json(plugin.source_files()),
    )


def backbone_request(selected: Selected, folder: Path | None, dtype: DType | None) -> BackboneRequest:
    """Identity of a prepared backbone."""
    location, revision = whereabouts(selected, folder)
    settings = settings_of(selected, folder)
    number_format = dtype or selected.spec.dtype
    if isinstance(selected.source, EndpointSource):
        number_format = None
    return BackboneRequest(
        name=selected.name,
        source=selected.source.kind,
        location=location,
        revision=revision,
        dtype=number_format or AS_SERVED,
        attention=available_kernel(number_format) if number_format and settings is None else None,
        settings=settings,
        markup_sha256=selected.spec.markup_sha256 if settings is None else None,
        engine_sha256=engine_sha256(),
    )


def engine_sha256() -> str:
    """Of the code that runs models."""
    return sha256_json(sha256_sources(Path(backbone_catalogue.__file__).parent, "backbones"))


def collection_request(first_stage: str | None, collection: Collection, depth: int = 1) -> CollectionRequest:
    """Identity of a collection with its candidates."""
    run = collection.first_stage(first_stage)
    return CollectionRequest(
        name=collection.name,
        split=collection.split,
        revision=collection.revision,
        first_stage=run.name,
        run_sha256=run.sha256,
        depth=depth,
        rules=collection.rules,
    )
