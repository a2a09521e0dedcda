"""Every kind of page in a real browser, from a disk: with and without scripts, at every width, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browsing import KINDS, opened, page_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SETTINGS: dict[str, dict[str, Any]] = {
    "desktop, script": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    "desktop, dark, no script": {
        "viewport": {"width": 1280, "height": 800},
        "color_scheme": "dark",
        "java_script_enabled": False,
    },
    "phone, script": {"viewport": {"width": 375, "height": 800}, "color_scheme": "dark", "has_touch": True},
    "phone, no script": {
        "viewport": {"width": 375, "height": 800},
        "color_scheme": "light",
        "java_script_enabled": False,
    },
    "small phone": {"viewport": {"width": 320, "height": 640}, "color_scheme": "light"},
}


QUICK = {"desktop, script", "phone, no script"}
"""Settings of the default run; the others take as long again each."""


@pytest.mark.parametrize(
    "setting", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in SETTINGS]
)
def test_no_page_complains_or_scrolls_sideways_and_all_are_readable(
    browser: Browser, demo_site: Path, setting: str
) -> None:
    chosen = SETTINGS[setting]
    with opened(browser, page_of(demo_site, "overview"), **chosen) as page:
        for kind in KINDS:
            page.goto(page_of(demo_site, kind).resolve().as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= chosen["viewport"]["width"], kind
            assert page.locator("h1").is_visible(), kind
            assert page.locator("main").inner_text().strip().count("\n") > 3, kind
            red, green, blue = (
                int(value) for value in page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)")
            )
            assert (max(red, green, blue) < 60) == (chosen["color_scheme"] == "dark"), kind


def test_the_methods_column_stays_while_the_table_scrolls(browser: Browser, demo_site: Path) -> None:
    with opened(browser, page_of(demo_site, "collection"), viewport={"width": 375, "height": 800}) as page:
        table = page.locator(".scroll").first
        table.evaluate("element => element.scrollLeft = 400")
        left, method = table.bounding_box(), page.locator("tbody th").first.bounding_box()
        assert left is not None
        assert method is not None
        assert method["x"] == pytest.approx(left["x"], abs=2)
        page.emulate_media(reduced_motion="reduce")
        assert page.evaluate(COVERED) == [], "what has the focus is not below the column that stays (WCAG 2.4.11)"


def test_focus_is_seen_and_the_first_stop_skips_to_the_content(browser: Browser, demo_site: Path) -> None:
    with opened(browser, page_of(demo_site, "method")) as page:
        page.keyboard.press("Tab")
        skip = page.locator(".skip")
        assert skip.evaluate("element => element === document.activeElement")
        box = skip.bounding_box()
        assert box is not None
        assert box["y"] >= 0
        page.keyboard.press("Enter")
        assert page.url.endswith("#main")
        for _ in range(12):
            page.keyboard.press("Tab")
            width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
            assert width >= 2, page.evaluate("document.activeElement.outerHTML.slice(0, 80)")


def test_on_paper_there_is_no_control_and_the_text_is_dark(browser: Browser, demo_site: Path) -> None:
    with opened(browser, page_of(demo_site, "cost"), color_scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert not page.locator("[data-controls]").first.is_visible()
        assert not page.locator("nav[aria-label=Site] ul").is_visible()
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert page.locator("svg.plot:visible").count() == 1


def test_marks_of_the_plot_differ_for_every_kind_of_colour_vision(browser: Browser, demo_site: Path) -> None:
    """Machado, Oliveira and Fernandes 2009: colours as seen without one kind of cone; families also differ in shape."""
    with opened(browser, page_of(demo_site, "cost")) as page:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate(NEAREST) > 20, scheme


def test_pictures_that_follow_the_scheme_lie_on_what_follows_it_too(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "methods" / "qrhead.html") as page:
        for scheme, dark in (("light", False), ("dark", True)):
            page.emulate_media(color_scheme=scheme)
            for picture in page.locator("figure img").all():
                behind = picture.evaluate("image => getComputedStyle(image).backgroundColor.match(/\\d+/g).map(Number)")
                assert (max(behind) < 60) == dark, scheme
                assert (min(behind) > 240) == (not dark), scheme
        assert page.locator("figure img").count() >= 2


COVERED = """() => {
  const covered = [];
  for (const element of [...document.querySelectorAll('table.ranking :is(button, a)')].reverse()) {
    element.focus();
    const boxes = [...element.getClientRects()];
    const seen = boxes.some(box => [0.1, 0.5, 0.9].some(part => element.contains(
      document.elementFromPoint(box.left + box.width * part, box.top + box.height / 2))));
    if (boxes.length && !seen) covered.push(element.textContent);
  }
  return covered;
}"""

NEAREST = """() => {
  const seen = {
    all: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  };
  const style = getComputedStyle(document.documentElement);
  const colours = [1, 2].map(number => style.getPropertyValue(`--series-${number}`).trim())
    .concat(['--gain', '--loss'].map(name => style.getPropertyValue(name).trim()))
    .map(hex => [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16) / 255));
  const linear = value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const lab = rgb => {
    const [r, g, b] = rgb;
    const xyz = [
      (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505,
      0.2126 * r + 0.7152 * g + 0.0722 * b,
      (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089,
    ].map(value => value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
    return [116 * xyz[1] - 16, 500 * (xyz[0] - xyz[1]), 200 * (xyz[1] - xyz[2])];
  };
  let nearest = Infinity;
  for (const matrix of Object.values(seen)) {
    const labs = colours.map(colour => colour.map(linear))
      .map(rgb => matrix.map(row => Math.max(0, row.reduce((sum, part, at) => sum + part * rgb[at], 0)))).map(lab);
    for (const [one, other] of [[0, 1], [2, 3]]) {
      nearest = Math.min(nearest, Math.hypot(...labs[one].map((part, at) => part - labs[other][at])));
    }
  }
  return nearest;
}"""
