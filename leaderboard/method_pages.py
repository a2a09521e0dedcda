"""One page a method: of this repository, of a plugin, or known by its results only; and the list of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from jinja2 import Environment

from benchmark.hashing import canonical_json
from leaderboard import addresses, cite, results
from leaderboard.export import DataTable
from leaderboard.head_maps import HeadMap, shipped
from leaderboard.pages import Page, Site
from leaderboard.results import Results
from methods import registry
from methods.card import Card
from methods.heads.published import PublishedSet, read_published

FOLDER = "methods/heads"


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The pages of all methods, their pictures, and the list."""
    runs = Counter(row.request.method.name for section in site.sections for row in section.rows)
    counts = {name: runs[name] for name in sorted({*site.cards, *runs})}
    listing = environment.get_template("methods.html")
    cards = {name: card.model_dump(mode="json") for name, card in site.cards.items()}
    yield Page(
        addresses.METHODS,
        canonical_json([cards, counts]),
        partial(listing.render, root="", here=addresses.METHODS, cards=site.cards, counts=counts),
        lambda: [_listed(site.cards, counts)],
    )
    found = results.by_name(site.families, "method", lambda row: row.method.name)
    for name in counts:
        plugin = registry.plugins().get(name)
        maps = shipped(plugin.folder) if plugin else []
        sets = read_published(plugin.folder) if plugin else ()
        yield _page(site, environment, name, found.get(name, []), maps, sets)
        for drawn in maps:
            yield Page(f"{FOLDER}/{drawn.name}.map.svg", drawn.header.sha256, drawn.map)
            yield Page(f"{FOLDER}/{drawn.name}.layers.svg", drawn.header.sha256, drawn.curve)


def _page(
    site: Site,
    environment: Environment,
    name: str,
    found: Sequence[Results],
    maps: Sequence[HeadMap],
    sets: Sequence[PublishedSet],
) -> Page:
    card = site.cards.get(name)
    history = [condition for condition in site.ledger if condition.method == name and condition.history]
    presets, published = _presets(name, card), _sets(name, sets)

    def render() -> str:
        return environment.get_template("method.html").render(
            root="../",
            here=addresses.METHODS,
            name=name,
            card=card,
            backbones=site.backbones,
            results=found,
            maps=maps,
            sets=sets,
            history=history,
            bibtex=cite.paper(card.paper) if card and card.paper else "",
            presets_data=presets.name,
            sets_data=published.name,
        )

    def tables() -> list[DataTable]:
        return [
            *([presets] if presets.rows else []),
            *(part.table for part in found),
            *(drawn.table for drawn in maps),
            *([published] if sets else []),
        ]

    depends = [
        card and card.model_dump(mode="json"),
        [part.depends for part in found],
        [drawn.header.sha256 for drawn in maps],
        [each.model_dump(mode="json") for each in sets],
        [condition.model_dump(mode="json") for condition in history],
    ]
    return Page(addresses.method(name), canonical_json(depends), render, tables)


def _listed(cards: Mapping[str, Card], counts: Mapping[str, int]) -> DataTable:
    rows = []
    for name, runs in counts.items():
        card = cards.get(name)
        paper = card.paper if card else None
        about = (card.title, card.family, card.summary, ", ".join(card.needs) or None) if card else (None,) * 4
        rows.append((name, *about, *((paper.title, paper.year, paper.url) if paper else (None,) * 3), runs))
    columns = ("method", "title", "family", "what it does", "needs", "paper", "year", "url", "runs")
    return DataTable("methods", "Methods", columns, tuple(rows))


def _presets(name: str, card: Card | None) -> DataTable:
    found = card.presets if card else {}
    rows = [(preset, what.description, what.backbone, canonical_json(what.options)) for preset, what in found.items()]
    if found and "default" not in found:
        rows.insert(0, ("default", "No option changed.", None, "{}"))
    columns = ("preset", "what it is", "backbone", "options")
    return DataTable(addresses.unique_name(f"presets-{name}"), f"Presets of {name}", columns, tuple(rows))


def _sets(name: str, found: Sequence[PublishedSet]) -> DataTable:
    rows = tuple((each.name, each.model, each.fitted_on, len(each.heads), " ".join(each.heads)) for each in found)
    columns = ("set", "model", "detected on", "number of heads", "heads")
    return DataTable(addresses.unique_name(f"head-sets-{name}"), f"Published head sets of {name}", columns, rows)
