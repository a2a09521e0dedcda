"""The pages as HTML: valid, linked, and with nothing that could run or load anything else."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from justhtml import JustHTML

BLOCKS = {"div", "p", "ul", "ol", "dl", "table", "section", "figure", "pre", "h1", "h2", "h3", "details"}
PHRASING_ONLY = {"p", "h1", "h2", "h3", "span", "code", "abbr", "strong", "em", "label", "button", "summary", "dt"}
NAMELESS = {"div", "span", "p", "pre", "code", "dt", "dd"}
"""Elements that may have a name for assistive technology only together with a role."""
ALLOWED_SOURCES = {"site.js", "charts.js", "compare.js"}


class Document:
    """A parsed page."""

    def __init__(self, path: Path) -> None:
        self.text = path.read_text(encoding="utf-8")
        self.parsed = JustHTML(self.text, collect_errors=True, sanitize=False)
        self.elements = list(self.parsed.query("*"))

    def with_attribute(self, name: str) -> list[tuple[str, str]]:
        """Tag and value of every element with the attribute."""
        return [(element.name, element.attrs[name] or "") for element in self.elements if name in element.attrs]


@pytest.fixture(scope="session")
def documents(demo_site: Path) -> dict[str, Document]:
    return {path.relative_to(demo_site).as_posix(): Document(path) for path in sorted(demo_site.rglob("*.html"))}


def test_every_page_is_valid(documents: dict[str, Document]) -> None:
    assert len(documents) > 20
    for name, document in documents.items():
        assert document.parsed.errors == [], name
        # Read as text all the same, and no error to this parser.
        assert not re.search(r"<[^a-zA-Z/!]", document.text), name
        ids = [value for _, value in document.with_attribute("id")]
        assert len(set(ids)) == len(ids), f"{name}: an id is there twice"
        for element in document.elements:
            inside = {child.name for child in element.query("*")} if element.name in PHRASING_ONLY else set()
            assert not inside & BLOCKS, f"{name}: {element.name} holds {inside & BLOCKS}"
            if {"aria-label", "aria-labelledby"} & element.attrs.keys():
                assert "role" in element.attrs or element.name not in NAMELESS, f"{name}: {element.name} takes no name"
        for attribute in ("aria-labelledby", "aria-describedby", "for"):
            for tag, value in document.with_attribute(attribute):
                assert set(value.split()) <= set(ids), f"{name}: {tag} {attribute}={value}"


def test_every_page_has_one_heading_of_the_first_order_and_skips_none(documents: dict[str, Document]) -> None:
    for name, document in documents.items():
        levels = [int(element.name[1]) for element in document.elements if element.name in {"h1", "h2", "h3", "h4"}]
        assert levels[0] == 1, name
        assert levels.count(1) == 1, name
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels)), name
        titles = [element.to_text() for element in document.elements if element.name == "title"][:1]
        assert titles[0].endswith("· rerankbench"), name


def test_every_link_leads_somewhere_and_nothing_is_loaded_from_elsewhere(
    demo_site: Path, documents: dict[str, Document]
) -> None:
    ids = {name: {value for _, value in document.with_attribute("id")} for name, document in documents.items()}
    for name, document in documents.items():
        for attribute in ("href", "src"):
            for tag, value in document.with_attribute(attribute):
                parts = urlsplit(value)
                if parts.scheme:
                    assert (tag, parts.scheme) == ("a", "https"), f"{name}: {value}"
                    continue
                target = ((demo_site / name).parent / unquote(parts.path)).resolve() if parts.path else demo_site / name
                assert target.is_file(), f"{name}: {value}"
                where = target.relative_to(demo_site.resolve()).as_posix() if parts.path else name
                if parts.fragment and where in ids:
                    assert parts.fragment in ids[where], f"{name}: {value}"


def test_every_table_has_links_to_its_data(documents: dict[str, Document]) -> None:
    """One CSV and one JSON, in the same section of the page."""
    tables = 0
    for name, document in documents.items():
        for table in document.parsed.query("table"):
            around = table.parent
            while around.name not in ("section", "main"):
                around = around.parent
            links = [link.attrs["href"] or "" for link in around.query("p.data a")]
            assert {".csv", ".json"} <= {Path(link).suffix for link in links}, f"{name}: {table.attrs}"
            tables += 1
    assert tables > 80


def test_pages_have_a_strict_policy_and_nothing_inline(documents: dict[str, Document]) -> None:
    for name, document in documents.items():
        policies = [
            element.attrs["content"]
            for element in document.elements
            if element.name == "meta" and element.attrs.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policies == [
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; "
            "form-action 'none'"
        ], name
        tags = {element.name for element in document.elements}
        assert not tags & {"style", "iframe", "object", "embed", "base"}, name
        for element in document.elements:
            assert not [key for key in element.attrs if key == "style" or key.startswith("on")], name
            if element.name == "script":
                assert element.to_text() == "", name
                assert Path(element.attrs["src"] or "").name in ALLOWED_SOURCES, name


def test_every_kind_of_page_can_be_reached_from_the_first(demo_site: Path, documents: dict[str, Document]) -> None:
    seen, waiting = set[str](), ["index.html"]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        for tag, value in documents[name].with_attribute("href"):
            parts = urlsplit(value)
            if tag != "a" or parts.scheme or not parts.path:
                continue
            target = ((demo_site / name).parent / unquote(parts.path)).resolve()
            found = target.relative_to(demo_site.resolve()).as_posix()
            if found in documents and found not in seen:
                waiting.append(found)
    assert seen == set(documents)
