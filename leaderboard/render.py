"""The templates and what they may use, and every page of a site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.hashing import canonical_json
from leaderboard import (
    about_page,
    addresses,
    backbone_pages,
    collection_pages,
    compare_pages,
    cost_page,
    cost_table,
    costs,
    dataset,
    export,
    history,
    method_pages,
    overview,
    ranking,
    run_pages,
    section_table,
    text,
    titles,
)
from leaderboard.pages import Group, Site
from leaderboard.rows import PRIMARY
from leaderboard.safe import safe_name

TEMPLATES = Path(__file__).parent / "templates"

GENERATORS: tuple[Callable[[Site, Environment], Iterator[Group]], ...] = (
    overview.pages,
    cost_page.pages,
    compare_pages.pages,
    method_pages.pages,
    backbone_pages.pages,
    collection_pages.pages,
    run_pages.pages,
    about_page.pages,
    history.pages,
    dataset.pages,
)
"""What makes pages; each in a module of its own."""

NAVIGATION = (
    (addresses.INDEX, "Overview"),
    (addresses.COST, "Quality and cost"),
    (addresses.COMPARE, "Head to head"),
    (addresses.METHODS, "Methods"),
    (addresses.BACKBONES, "Backbones"),
    (addresses.COLLECTIONS, "Collections"),
    (addresses.HISTORY, "History"),
    (addresses.ABOUT, "About"),
)
"""Address and words of the links at the head of every page."""


SHARED = ("base.html", "parts.html", "data.html", "section.html", "cost_plot.html")
"""Templates of other templates, compiled before pages are shared out among processes."""


def groups(site: Site) -> Iterator[Group]:
    """Every page of a site, and what goes with it."""
    environment = make_environment(site)
    for name in SHARED:
        environment.get_template(name)
    for generate in GENERATORS:
        yield from generate(site, environment)


def make_environment(site: Site) -> Environment:
    """Templates with their filters, tests and globals."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    # Not of the site itself: an environment is part of cycles, which would keep it until the collector finds them.
    cards = site.cards
    environment.filters |= {
        "score": text.score,
        "signed": text.signed,
        "interval": text.interval,
        "p_value": text.p_value,
        "seconds": text.seconds,
        "mebibytes": text.mebibytes,
        "count": text.count,
        "flops": text.flops,
        "percent": text.percent,
        "plural": text.plural,
        "canonical": canonical_json,
        "safe_name": safe_name,
        "method_title": lambda name: titles.method_title(name, cards),
        "section_title": titles.section_title,
        "group_number": ranking.group_number,
        "points": text.points,
        "cost_lines": cost_table.lines,
        "neighbour_lines": section_table.neighbours,
        "parameters": backbone_pages.parameters,
        "source_words": backbone_pages.source_words,
    }
    environment.tests["web_address"] = _is_web_address
    environment.globals |= {
        "PRIMARY": PRIMARY,
        "TRUST": costs.TRUST,
        "navigation": _navigation,
        "DATA_LICENCE": export.LICENCE,
        "BASE_URL": site.base_url,
        "to": addresses,
    }
    return environment


@cache
def _navigation(root: str, here: str) -> Markup:
    """The links at the head of a page: the same for all runs, of which there may be tens of thousands."""
    current = {here: ' aria-current="page"'}
    items = [f'<li><a href="{root}{at}"{current.get(at, "")}>{words}</a></li>' for at, words in NAVIGATION]
    return Markup("\n".join(items))


def _is_web_address(value: object) -> bool:
    """Only these become links: a ``javascript:`` address would be one as well."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))
