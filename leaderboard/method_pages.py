"""One page a method: of this repository, of a plugin, or known by its results only; and the list of all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial

from jinja2 import Environment

from benchmark.hashing import canonical_json
from leaderboard import addresses, cite, results
from leaderboard.export import DataTable
from leaderboard.head_maps import HeadMap, shipped
from leaderboard.pages import Page, Site
from leaderboard.results import Results
from methods import registry
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
        )

    def tables() -> list[DataTable]:
        return [*(part.table for part in found), *(drawn.table for drawn in maps)]

    depends = [
        card and card.model_dump(mode="json"),
        [part.depends for part in found],
        [drawn.header.sha256 for drawn in maps],
        [published.model_dump(mode="json") for published in sets],
        [condition.model_dump(mode="json") for condition in history],
    ]
    return Page(addresses.method(name), canonical_json(depends), render, tables)
