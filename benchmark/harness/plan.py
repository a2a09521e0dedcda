"""From a suite to cells: resolve every name, fix every hash, before anything is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from benchmark.backbones import catalogue as backbone_catalogue
from benchmark.backbones.catalogue import Selected
from benchmark.backbones.spec import DType, EndpointSource
from benchmark.collections import catalogue as collection_catalogue
from benchmark.collections.base import Collection
from benchmark.errors import UserError
from benchmark.harness.command import impersonal_name, of_backbone, of_collection, of_method, of_suite
from benchmark.harness.record import BackboneRequest, CellRequest
from benchmark.harness.requests import backbone_request, collection_request, method_request
from benchmark.names import canonical
from benchmark.suites import Suite, SuiteCollection, SuiteMethod
from methods import registry
from methods.registry import Plugin

T = TypeVar("T")

Prepare = Callable[[Selected], Path | None]
"""Brings a backbone's weights here and returns their folder; None where there are none."""


@dataclass(frozen=True)
class Planned:
    """A cell, with what its worker needs to find things again.

    Attributes:
        request: what is asked; its hash is the cell's identity.
        options: of the method, with paths.
        backbone: the name a user types, None for a method without one; folder: its weights.
        queries: number of topics.
        command: runs this cell alone.
        slug: the request's, which takes a while to compute.
    """

    request: CellRequest
    options: dict[str, Any]
    backbone: str | None
    folder: Path | None
    collection: str
    queries: int
    command: str
    slug: str


def select(
    suite: Suite,
    methods: Sequence[str],
    backbones: Sequence[str],
    collections: Sequence[str],
    depth: int | None,
    options: Mapping[str, Any] | None = None,
) -> Suite:
    """The suite narrowed to (or, for names it does not hold, replaced by) what was asked for.

    Args:
        suite: as in its file.
        methods: ``name`` (all of its presets in the suite, else its defaults) or ``name:preset``; empty: the suite's.
        backbones: names; empty: the suite's.
        collections: ``name`` (all of its entries in the suite, else its defaults), ``name:split`` or
            ``name:split:run``; empty: the suite's.
        depth: None: the suite's.
        options: on top of the preset's; for exactly one method.

    Raises:
        UserError: options without exactly one method.
    """
    if options and len(methods) != 1:
        raise UserError("--option belongs to one method: name exactly one with --method.")
    chosen = [
        entry.model_copy(update={"options": {**entry.options, **(options or {})}})
        for name in methods
        for entry in _methods(suite, name)
    ]
    asked = [entry for name in collections for entry in _collections(suite, name)]
    if asked and (
        methods or not {entry.collection for entry in asked} <= {own.collection for own in suite.collections}
    ):
        # What was said of the suite's own collections says nothing of what is named instead.
        chosen = [entry.model_copy(update={"collections": ()}) for entry in chosen or suite.methods]
    return suite.model_copy(
        update={
            "methods": tuple(chosen) or suite.methods,
            "backbones": tuple(backbones) or suite.backbones,
            "collections": tuple(asked) or suite.collections,
            "depth": (depth,) if depth else suite.depth,
        }
    )


def plan(
    suite: Suite,
    prepare: Prepare,
    *,
    dtype: DType | None = None,
    typed: str | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> list[Planned]:
    """Expand a suite into cells, ordered so that cells of one backbone follow each other; none twice.

    Args:
        suite: what to run; prepare: called once a backbone, if a method needs one.
        dtype: of every backbone's weights; None: the catalogue's.
        typed: what finds the suite again in a command (its file's path); None: its name.
        note: told of cells that are left out, because their preset names heads or layers of another backbone.

    Raises:
        UserError: no cell is left; or every unknown name and invalid option of the suite at once, before anything is
            fetched.
    """
    problems: list[str] = []
    plugins = [(entry, _try(registry.find, problems, entry.method)) for entry in suite.methods]
    options = [
        (entry, plugin, _try(plugin.options, problems, entry.preset, entry.options))
        for entry, plugin in plugins
        if plugin
    ]
    methods = {
        id(values): _try(method_request, problems, entry, plugin, values) for entry, plugin, values in options if values
    }
    backbones = [(name, _try(backbone_catalogue.find, problems, name)) for name in suite.backbones]
    collections = [
        (entry, _try(collection_catalogue.find, problems, entry.collection, entry.split)) for entry in suite.collections
    ]
    runs = [
        (entry, found, _try(collection_request, problems, name, found))
        for entry, found in collections
        if found
        for name in entry.first_stages
    ]
    asked = [
        (entry, found, request and request.model_copy(update={"depth": depth}))
        for entry, found, request in runs
        for depth in suite.depth
    ]
    queries = {id(found): _try(_number_of_topics, problems, found) for _, found, request in asked if request}
    needing = [plugin.name for _, plugin, _ in options if plugin.card.needs]
    if needing and not backbones:
        problems.append(f"Method '{needing[0]}' needs a backbone and the suite names none. Add --backbone.")
    for _, selected in backbones if needing else []:
        problems += _refusals(selected, [plugin for _, plugin, _ in options], dtype) if selected else []
    if problems:
        raise UserError(list(dict.fromkeys(problems)))
    prepared = [(name, selected, prepare(selected)) for name, selected in (backbones if needing else []) if selected]
    specs = {name: selected.spec for name, selected, _ in prepared}
    asked_of: list[tuple[str | None, BackboneRequest | None, Path | None]] = [(None, None, None)]
    asked_of += [(name, backbone_request(selected, folder, dtype), folder) for name, selected, folder in prepared]
    start = of_suite(suite, typed)
    end = f"--dtype {dtype}" if dtype else ""
    places = [
        (entry, collection, number, of_collection(entry, collection))
        for entry, found, collection in asked
        if collection is not None and (number := queries[id(found)]) is not None
    ]
    known: dict[int, str] = {}
    cells: dict[str, Planned] = {}
    for backbone_name, backbone, folder in asked_of:
        for method_entry, plugin, values in options:
            method = methods[id(values)] if values else None
            if bool(plugin.card.needs) != (backbone is not None) or values is None or method is None:
                continue
            if backbone_name is not None and not specs[backbone_name].serves(plugin.card.needs):
                note(f"Left out: {plugin.name} cannot use {backbone_name}, a backbone of another kind.")
                continue
            if not _serves(plugin, method_entry, backbone):
                note(
                    f"Left out: {plugin.name}:{method_entry.preset} is made for another backbone than {backbone_name}."
                )
                continue
            dumped = values.model_dump(mode="json")
            # What cells share is made once: there may be very many of them.
            begin = f"{start} {of_method(plugin.name, method_entry)}"
            begin += f" {of_backbone(backbone_name)}" if backbone_name else ""
            for collection_entry, collection, number, words in places:
                if not method_entry.runs_on(collection_entry.collection):
                    continue
                request = CellRequest(method=method, backbone=backbone, collection=collection)
                identity = request.identity_with(known)
                if identity not in cells:
                    cells[identity] = Planned(
                        request,
                        dumped,
                        backbone_name,
                        folder,
                        collection_entry.collection,
                        number,
                        f"{begin} {words} {end}".rstrip(),
                        request.slug_with(identity),
                    )
    if not cells:
        raise UserError(f"Suite '{suite.name}' holds no cell that can be run: see what was left out.")
    return list(cells.values())


def _refusals(selected: Selected, plugins: Sequence[Plugin], dtype: DType | None) -> list[str]:
    """What speaks against running methods on a backbone."""
    found = [
        f"Method '{plugin.name}': {refusal}"
        for plugin in plugins
        if plugin.card.needs and (refusal := selected.refusal(plugin.card.needs))
    ]
    if dtype and isinstance(selected.source, EndpointSource):
        found.append(f"Backbone '{selected.name}': its server chose the number format; leave --dtype out.")
    return found


def _serves(plugin: Plugin, entry: SuiteMethod, backbone: BackboneRequest | None) -> bool:
    """Whether the preset is for any backbone, or for one of this name, whatever its source."""
    preset = plugin.card.presets.get(entry.preset)
    if preset is None or preset.backbone is None or backbone is None:
        return True
    name, wanted = canonical(backbone.name.partition("@")[0]), canonical(preset.backbone)
    # A folder is called as its repository, without the owner.
    return name == wanted or (backbone.source == "local" and name == wanted.rpartition("/")[2])


def _number_of_topics(collection: Collection) -> int:
    number = sum(1 for _ in collection.topics())
    if not number:
        raise UserError(f"Collection '{collection.name}' ({collection.split}) has no topics.")
    return number


def _methods(suite: Suite, name: str) -> list[SuiteMethod]:
    method, colon, preset = name.partition(":")
    held = [entry for entry in suite.methods if canonical(entry.method) == canonical(method)]
    if colon:
        held = [entry for entry in held if entry.preset == preset]
    return held or [SuiteMethod(method=method, preset=preset or "default")]


def _collections(suite: Suite, name: str) -> list[SuiteCollection]:
    collection, _, rest = name.partition(":")
    split, _, run = rest.partition(":")
    held = [
        entry
        for entry in suite.collections
        if canonical(impersonal_name(entry.collection)) == canonical(impersonal_name(collection))
        and split in ("", entry.split)
        and (not run or run in entry.first_stages)
    ]
    held = [entry.model_copy(update={"first_stage": run}) for entry in held] if run else held
    return held or [SuiteCollection(collection=collection, split=split or "test", first_stage=run or None)]


def _try(function: Callable[..., T], problems: list[str], *args: Any) -> T | None:
    """Call, and note a UserError's problems instead of raising it."""
    try:
        return function(*args)
    except UserError as error:
        problems += error.problems
        return None
