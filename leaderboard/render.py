"""The templates and what they may use, and every page of a site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark import published
from benchmark.evaluation.metrics import TABLE
from benchmark.hashing import canonical_json
from leaderboard import addresses, dataset, export, history, overview, ranking, run_pages, text
from leaderboard.pages import Page, Site
from leaderboard.rows import PRIMARY, Section
from leaderboard.safe import safe_name

TEMPLATES = Path(__file__).parent / "templates"

GENERATORS: tuple[Callable[[Site, Environment], Iterator[Page]], ...] = (
    overview.pages,
    run_pages.pages,
    history.pages,
    dataset.pages,
)
"""What makes pages; each in a module of its own."""

NAVIGATION = ((addresses.INDEX, "Overview"), (addresses.HISTORY, "History"))
"""Address and words of the links at the head of every page."""


def pages(site: Site) -> Iterator[Page]:
    """Every page of a site."""
    environment = make_environment(site)
    for generate in GENERATORS:
        yield from generate(site, environment)


def make_environment(site: Site) -> Environment:
    """Templates with their filters, tests and globals."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def method_title(name: str) -> str:
        return site.cards[name].title if name in site.cards else name

    environment.filters |= {
        "score": text.score,
        "signed": text.signed,
        "interval": text.interval,
        "p_value": text.p_value,
        "seconds": text.seconds,
        "mebibytes": text.mebibytes,
        "gibibytes": text.gibibytes,
        "count": text.count,
        "flops": text.flops,
        "percent": text.percent,
        "plural": text.plural,
        "canonical": canonical_json,
        "safe_name": safe_name,
        "method_title": method_title,
        "section_title": section_title,
        "group_number": ranking.group_number,
    }
    environment.tests["web_address"] = _is_web_address
    environment.globals |= {
        "PRIMARY": PRIMARY,
        "METRICS": TABLE,
        "NAVIGATION": NAVIGATION,
        "DATA_LICENCE": export.LICENCE,
        "BASE_URL": site.base_url,
        "published": _published,
        "to": addresses,
    }
    return environment


def section_title(section: Section) -> str:
    """For headings."""
    request = section.request
    title = section.spec.title if section.spec else request.name
    return f"{title}, {request.split}, {request.first_stage} top {request.depth}"


def _published(section: Section) -> list[published.PublishedResult]:
    """Published numbers for a catalogued collection's test split."""
    return published.of(section.request.name) if section.spec and section.request.split == "test" else []


def _is_web_address(value: object) -> bool:
    """Only these become links: a ``javascript:`` address would be one as well."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))
