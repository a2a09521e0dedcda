"""One page a backbone: of the catalogue, or known by its results only; and the list of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from jinja2 import Environment

from benchmark.backbones.spec import (
    AdapterSource,
    BackboneSpec,
    EndpointSource,
    HubSource,
    LocalSource,
    Source,
    WheelSource,
)
from benchmark.harness.record import BackboneRequest
from benchmark.hashing import canonical_json
from leaderboard import addresses, results
from leaderboard.export import DataTable
from leaderboard.pages import Page, Site
from leaderboard.results import Results


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The pages of all backbones, and the list."""
    asked = [row.request.backbone for section in site.sections for row in section.rows if row.request.backbone]
    runs = Counter(backbone.name for backbone in asked)
    counts = {name: runs[name] for name in sorted({*site.backbones, *runs})}
    listing = environment.get_template("backbones.html")
    specs = {name: spec.model_dump(mode="json") for name, spec in site.backbones.items()}
    yield Page(
        addresses.BACKBONES,
        canonical_json([specs, counts]),
        partial(listing.render, root="", here=addresses.BACKBONES, backbones=site.backbones, counts=counts),
        lambda: [_listed(site.backbones, counts)],
    )
    by_name: dict[str, list[BackboneRequest]] = {}
    for backbone in asked:
        by_name.setdefault(backbone.name, []).append(backbone)
    found = results.by_name(site.families, "backbone", lambda row: row.backbone.name if row.backbone else None)
    for name in counts:
        yield _page(site, environment, name, by_name.get(name, ()), found.get(name, []))


def _listed(known: Mapping[str, BackboneSpec], counts: Mapping[str, int]) -> DataTable:
    rows = []
    for name, runs in counts.items():
        spec = known.get(name)
        about = (spec.kind, spec.parameters, spec.context_length) if spec else (None, None, None)
        rows.append((name, *about, spec.licence.name if spec and spec.licence else None, runs))
    columns = ("backbone", "kind", "parameters", "context tokens", "licence", "runs")
    return DataTable("backbones", "Backbones", columns, tuple(rows))


def _page(
    site: Site, environment: Environment, name: str, asked: Sequence[BackboneRequest], found: Sequence[Results]
) -> Page:
    spec = site.backbones.get(name)
    # Most runs first; a request is not hashable, its text is.
    counted = Counter(backbone.model_dump_json() for backbone in asked)
    revisions = [
        (BackboneRequest.model_validate_json(text), number)
        for text, number in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]

    ran = DataTable(
        addresses.unique_name(f"revisions-{name}"),
        f"{name} as it ran",
        ("weights from", "location", "revision", "number format", "code that runs it", "runs"),
        tuple((each.source, each.location, each.revision, each.dtype, each.engine_sha256, n) for each, n in revisions),
    )

    def render() -> str:
        return environment.get_template("backbone.html").render(
            root="../",
            here=addresses.BACKBONES,
            name=name,
            spec=spec,
            results=found,
            revisions=revisions,
            revisions_data=ran.name,
        )

    def tables() -> list[DataTable]:
        return [*([ran] if revisions else []), *(part.table for part in found)]

    depends = [spec and spec.model_dump(mode="json"), sorted(counted.items()), [part.depends for part in found]]
    return Page(addresses.backbone(name), canonical_json(depends), render, tables)


def source_words(source: Source) -> str:
    """Where weights come from, in words."""
    if isinstance(source, HubSource):
        return f"{source.repository} at {source.revision or 'the commit of the first download'}"
    if isinstance(source, WheelSource):
        return f"{', '.join(package.requirement for package in source.packages)}; sha256 {source.sha256}"
    if isinstance(source, LocalSource):
        return "a folder"
    if isinstance(source, EndpointSource):
        return f"{source.model}, asked through a server"
    if isinstance(source, AdapterSource):
        return f"the adapter {source_words(source.adapter)}, merged into {source_words(source.base)}"
    return f"{source_words(source.weights)}, run by vLLM"


def parameters(number: int) -> str:
    """``135M``, ``8.0B``."""
    return f"{number / 1e9:.1f}B" if number >= 1e9 else f"{number / 1e6:.0f}M"
