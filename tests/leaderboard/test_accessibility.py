"""WCAG 2.2 AA by axe-core, on every kind of page, in both colour schemes and at both widths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import cells
import pytest
from browsing import KINDS, opened, page_of

from leaderboard import build

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

SCREENS = {
    "desktop, light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "phone, dark": {"viewport": {"width": 375, "height": 800}, "color_scheme": "dark", "has_touch": True},
    "desktop, dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone, light": {"viewport": {"width": 375, "height": 800}, "color_scheme": "light", "has_touch": True},
}

QUICK = "desktop, light"
"""The screen of the default run."""

SEVERAL = ("index.html", "cost.html", "methods/icr.html", "backbones/smollm2-135m-instruct.html", "compare.html")
"""Pages with a table for each family."""


def violations(page: Page) -> list[str]:
    """What axe-core finds; ``rule: target, what is wrong``."""
    from axe_playwright_python.sync_playwright import Axe

    # The policy of the pages keeps axe-core from fetching the style sheet once more, which only one rule would use.
    options: dict[str, Any] = {
        "runOnly": {"type": "tag", "values": RULES},
        "resultTypes": ["violations"],
        "preload": False,
    }
    found = Axe().run(page, options=options).response["violations"]
    return [
        f"{each['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for each in found
        for node in each["nodes"]
    ]


def prepare(page: Page) -> None:
    """Open what is folded, and let scripts finish."""
    page.evaluate("document.querySelectorAll('details').forEach(element => { element.open = true; })")
    if page.locator("[data-compare]").count():
        page.locator("[data-output] table").first.wait_for()


@pytest.mark.parametrize(
    "screen", [name if name == QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SCREENS]
)
@pytest.mark.parametrize("kind", KINDS)
def test_no_violation(browser: Browser, demo_site: Path, kind: str, screen: str) -> None:
    with opened(browser, page_of(demo_site, kind), **SCREENS[screen]) as page:
        prepare(page)
        assert violations(page) == []


@pytest.mark.slow
@pytest.mark.parametrize("screen", ["desktop, light", "phone, dark"])
def test_no_violation_with_several_families_alike_refused_submissions_or_no_run(
    browser: Browser, tmp_path: Path, screen: str
) -> None:
    for name in ("demo", "trec-dl-2019"):
        for method in ("first-stage", "icr", "core"):
            asked = cells.request(
                method, backbone=None if method == "first-stage" else cells.MODEL, on=cells.collection(name)
            )
            cells.write_cell(tmp_path / "results", asked)
    (tmp_path / "submissions" / "2026-01-01-bad").mkdir(parents=True)
    (tmp_path / "none").mkdir()
    submissions = [tmp_path / "submissions"]
    full = build([tmp_path / "results"], tmp_path / "full", submissions=submissions).index.parent
    empty = build([tmp_path / "none"], tmp_path / "empty", submissions=submissions).index.parent
    with opened(browser, full / "index.html", **SCREENS[screen]) as page:
        for path in (*(full / name for name in SEVERAL), *(empty / name for name in SEVERAL)):
            page.goto(path.as_uri())
            assert violations(page) == [], path
        assert "There is no run to compare yet." in page.locator("main").inner_text()


def test_axe_does_find_what_is_wrong(browser: Browser, tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text("<!doctype html><html lang=en><title>x</title><main><h1>x</h1><img src=data:,>", encoding="utf-8")
    page = browser.new_page()
    page.goto(bad.as_uri())
    assert any(found.startswith("image-alt") for found in violations(page))
    page.close()
