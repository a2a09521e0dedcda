"""One page a method: of this repository, of a plugin, or known by its results only; and the list of all."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from jinja2 import Environment

from benchmark.hashing import canonical_json
from leaderboard import addresses, cite, results
from leaderboard.head_maps import HeadMap, shipped
from leaderboard.pages import Page, Site
from methods import registry
from methods.heads.published import PublishedSet, read_published

FOLDER = "methods/heads"


def pages(site: Site, environment: Environment) -> Iterator[Page]:
    """The pages of all methods, their pictures, and the list."""
    used = {row.method.name for table in site.families for row in table.rows}
    names = sorted({*site.cards, *used})
    counts = {
        name: sum(row.request.method.name == name for section in site.sections for row in section.rows)
        for name in names
    }
    listing = environment.get_template("methods.html")
    cards = {name: card.model_dump(mode="json") for name, card in site.cards.items()}
    yield Page(
        addresses.METHODS,
        canonical_json([cards, counts]),
        partial(listing.render, root="", here=addresses.METHODS, cards=site.cards, counts=counts),
    )
    for name in names:
        plugin = registry.plugins().get(name)
        maps = shipped(plugin.folder) if plugin else []
        sets = read_published(plugin.folder) if plugin else ()
        yield _page(site, environment, name, maps, sets)
        for found in maps:
            yield Page(
                f"{FOLDER}/{found.name}.map.svg", found.header.sha256, found.map, lambda found=found: [found.table]
            )
            yield Page(f"{FOLDER}/{found.name}.layers.svg", found.header.sha256, found.curve)


def _page(site: Site, environment: Environment, name: str, maps: list[HeadMap], sets: tuple[PublishedSet, ...]) -> Page:
    card = site.cards.get(name)
    rows = results.of(site.families, f"method-{name}", lambda row: row.method.name == name)
    history = [condition for condition in site.ledger if condition.method == name and condition.history]

    def render() -> str:
        return environment.get_template("method.html").render(
            root="../",
            here=addresses.METHODS,
            name=name,
            card=card,
            backbones=site.backbones,
            results=rows,
            maps=maps,
            sets=sets,
            history=history,
            bibtex=cite.paper(card.paper) if card and card.paper else "",
        )

    depends = [
        card and card.model_dump(mode="json"),
        [found.depends for found in rows],
        [found.header.sha256 for found in maps],
        [found.model_dump(mode="json") for found in sets],
        [condition.model_dump(mode="json") for condition in history],
    ]
    return Page(addresses.method(name), canonical_json(depends), render, lambda: [found.table for found in rows])
