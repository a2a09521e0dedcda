"""The built page in a real browser, from the file system, with and without JavaScript."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def unavailable(what: str) -> None:
    """Skip; where tests run unattended a missing browser is a failure, or nobody would notice."""
    message = f"{what} is not installed: the page is not tested in a browser"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        unavailable("playwright")
    executable = shutil.which("chromium")
    if executable is None:
        unavailable("chromium")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(params=["index.html", "run"])
def page_path(request: pytest.FixtureRequest, demo_site: Path) -> Path:
    if request.param == "run":
        return next((demo_site / "runs").glob("listwise-generation.*.html"))
    return demo_site / request.param


SETTINGS = [
    pytest.param({"java_script_enabled": script, "viewport": {"width": width, "height": 800}, "color_scheme": scheme})
    for script, width, scheme in [
        (True, 1280, "light"),
        (False, 1280, "light"),
        (True, 1280, "dark"),
        (True, 375, "light"),
        (False, 375, "dark"),
        (True, 320, "dark"),
    ]
]


@pytest.fixture(params=SETTINGS)
def opened(request: pytest.FixtureRequest, browser: Browser, page_path: Path) -> Iterator[Page]:
    """A page in which every console message, error and request to elsewhere fails the test."""
    context = browser.new_context(**request.param)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda failed: complaints.append(f"failed: {failed.url}"))
    page.on("request", lambda sent: None if sent.url.startswith("file:") else complaints.append(sent.url))
    page.goto(page_path.resolve().as_uri())
    yield page
    context.close()
    assert complaints == []


def test_it_does_not_scroll_sideways_and_shows_its_table(opened: Page) -> None:
    assert opened.evaluate("document.documentElement.scrollWidth") <= opened.viewport_size["width"]
    assert opened.locator("table").first.is_visible()
    assert opened.locator("h1").is_visible()


def test_the_style_sheet_is_used_in_both_schemes(opened: Page) -> None:
    dark = opened.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    red, green, blue = (
        int(value) for value in opened.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
    )
    assert (max(red, green, blue) < 60) == dark


@pytest.mark.parametrize("width", [1280, 375])
def test_exactly_one_plot_is_visible_and_none_of_its_names_overlap(
    browser: Browser, demo_site: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto((demo_site / "index.html").resolve().as_uri())
    shown = page.locator("svg.plot:visible")
    assert shown.count() == 1
    box = shown.bounding_box()
    assert box is not None
    assert box["width"] > width * 0.7
    assert box["height"] > 250
    names = shown.evaluate(
        "svg => [...svg.querySelectorAll('text.label')].map(text => text.getBBox()).map(BOX)".replace(
            "BOX", "box => [box.x, box.y, box.x + box.width, box.y + box.height]"
        )
    )
    _, _, drawn_width, _ = map(float, (shown.get_attribute("viewBox") or "").split())
    assert len(names) >= 8
    for left, _, right, _ in names:
        assert 0 <= left < right <= drawn_width
    for one, other in itertools.combinations(names, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, f"{one} covers {other}"
    page.close()


def test_the_methods_column_stays_while_the_table_scrolls(browser: Browser, demo_site: Path) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto((demo_site / "index.html").resolve().as_uri())
    table = page.locator(".scroll").first
    table.evaluate("element => element.scrollLeft = 400")
    left, method = table.bounding_box(), page.locator("tbody th").first.bounding_box()
    assert left is not None
    assert method is not None
    assert method["x"] == pytest.approx(left["x"], abs=2)
    page.close()


def test_text_has_enough_contrast(browser: Browser, demo_site: Path) -> None:
    """WCAG 2 AA: 4.5 for every text against the background behind it."""
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        for path in (demo_site / "index.html", next((demo_site / "runs").glob("listwise-generation.*.html"))):
            page.goto(path.resolve().as_uri())
            assert page.evaluate(LOW_CONTRAST) == []
        page.close()


LOW_CONTRAST = """() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const linear = share => share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  const channel = value => linear(value / 255);
  const light = rgb => 0.2126 * channel(rgb[0]) + 0.7152 * channel(rgb[1]) + 0.0722 * channel(rgb[2]);
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parts(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || ['title', 'desc'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const front = light(parts(element instanceof SVGElement ? style.fill : style.color));
    const back = light(behind(element));
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) found.push(`${element.tagName}.${element.getAttribute('class')} ${ratio.toFixed(2)}`);
  }
  return found;
}"""
