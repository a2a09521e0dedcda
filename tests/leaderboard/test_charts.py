"""The plot of quality against cost in a browser."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING

import cells
import pytest
from browsing import opened

from leaderboard import build
from leaderboard.plot import CROWD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

OTHER = "Another Processor"


@pytest.fixture(scope="module")
def mixed_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs on two machines, three on the one and two on the other."""
    folder = tmp_path_factory.mktemp("mixed")
    cells.write_cell(folder / "results", cells.request("first-stage", backbone=None), quality=0.5)
    for place, (method, quality, seconds) in enumerate(
        [("icr", 0.6, 1.0), ("core", 0.7, 2.0), ("qrhead", 0.65, 3.0), ("setwise", 0.8, 0.5), ("rankgpt", 0.4, 0.1)]
    ):
        ran_on = cells.machine(processor=OTHER) if place > 2 else cells.machine()
        asked = cells.request(method)
        tokens = 1000 * (place + 1)
        cells.write_cell(
            folder / "results", asked, quality=quality, seconds=seconds, ran_on=ran_on, tokens=tokens, topics=35
        )
    return build([folder / "results"], folder / "site").index.parent


def names(page: Page, selector: str = "a.run") -> list[str]:
    """Names of the points that are drawn, cheapest first."""
    labels = page.locator(f".drawing {selector}").evaluate_all("links => links.map(link => link.ariaLabel)")
    return [label.split(":")[0] for label in labels]


def test_latency_is_drawn_for_one_machine_until_more_are_asked_for(browser: Browser, mixed_site: Path) -> None:
    with opened(browser, mixed_site / "cost.html") as page:
        page.locator("a.run").first.wait_for()
        assert sorted(names(page)) == ["core", "icr", "qrhead"]
        warning = page.get_by_text("Different machines in one picture.")
        assert not warning.is_visible()
        page.locator("[data-machines]").select_option("*")
        assert len(names(page)) == 5
        assert warning.is_visible()
        page.locator("[data-machines]").select_option(
            label=next(text for text in page.locator("[data-machines] option").all_inner_texts() if OTHER in text)
        )
        assert sorted(names(page)) == ["rankgpt", "setwise"]
        assert not warning.is_visible()


def test_in_a_crowd_only_the_front_has_names_and_error_bars(browser: Browser, tmp_path: Path) -> None:
    for number in range(CROWD + 1):
        asked = cells.request("icr", options={"window": number})
        cells.write_cell(tmp_path / "results", asked, quality=0.5 + number % 7 / 20, seconds=1 + number % 11)
    site = build([tmp_path / "results"], tmp_path / "site").index.parent
    with opened(browser, site / "cost.html") as page:
        page.locator("a.run").first.wait_for()
        assert page.locator("a.run").count() == CROWD + 1
        front = page.locator("a.run.front").count()
        assert 0 < front < CROWD
        assert page.locator(".drawing g.error").count() == front
        assert 0 < page.locator(".drawing text.label[aria-hidden]").count() <= front


def test_tokens_may_be_compared_across_machines_and_have_their_own_front(browser: Browser, mixed_site: Path) -> None:
    with opened(browser, mixed_site / "cost.html") as page:
        page.locator("a.run").first.wait_for()
        page.locator("[data-axes]").select_option("tokens")
        assert names(page) == ["icr", "core", "qrhead", "setwise", "rankgpt"]
        assert names(page, "a.run.front") == ["icr", "core", "setwise"]
        assert page.locator("[data-machines]").is_disabled()
        assert "tokens" in (page.locator(".drawing svg .axis-title").first.text_content() or "")
        marked = page.locator("td[data-cost=tokens]:has(.front-mark)").count()
        assert marked == 3, "the table says the same"
        page.reload()
        page.locator("a.run").first.wait_for()
        assert names(page) == ["icr", "core", "qrhead", "setwise", "rankgpt"], "a link keeps the axis"
        page.locator("[data-axes]").select_option("latency")
        assert "?" not in page.url


def test_points_are_reached_by_keyboard_and_say_what_they_are(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "cost.html") as page:
        page.locator("a.run").first.wait_for()
        count = page.locator("a.run").count()
        assert page.locator("a.run[tabindex='0']").count() == 1, "one stop for the tab key"
        page.locator("[data-axes]").focus()
        page.keyboard.press("Tab")
        told = []
        for _ in range(count):
            assert page.evaluate("document.activeElement.classList.contains('run')")
            tip = page.locator(".tip")
            assert tip.is_visible()
            told.append(tip.inner_text())
            page.keyboard.press("ArrowRight")
        assert len(set(told)) == count
        assert all("nDCG@10 0." in text for text in told)
        page.keyboard.press("Escape")
        assert not page.locator(".tip").is_visible()
        page.keyboard.press("Home")
        assert page.locator(".tip").inner_text() == told[0]
        page.keyboard.press("Enter")
        page.wait_for_url("**/runs/*.html")


def test_pointing_shows_the_same_for_as_long_as_the_pointer_is_there(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "cost.html") as page:
        page.locator("a.run").first.hover()
        tip = page.locator(".tip")
        assert "nDCG@10" in tip.inner_text()
        tip.hover()
        page.wait_for_timeout(400)
        assert tip.is_visible(), "what is told may be pointed at, too (WCAG 1.4.13)"
        page.mouse.move(5, 5)
        tip.wait_for(state="hidden")


def test_the_picture_and_the_script_agree_about_the_front(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "cost.html", java_script_enabled=False) as page:
        drawn = page.locator(".wide .run.front title").evaluate_all("all => all.map(title => title.textContent)")
        assert not page.locator("[data-controls]").is_visible()
        assert page.locator("svg.plot:visible").count() == 1
    with opened(browser, demo_site / "cost.html") as page:
        page.locator("a.run").first.wait_for()
        assert sorted(names(page, "a.run.front")) == sorted(text.split(":")[0] for text in drawn)
        assert page.locator("svg.plot:visible").count() == 1


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_plot_fits_and_none_of_its_names_overlap(
    browser: Browser, demo_site: Path, width: int, script: bool
) -> None:
    size = {"width": width, "height": 800}
    with opened(browser, demo_site / "cost.html", viewport=size, java_script_enabled=script) as page:
        if script:
            page.locator("a.run").first.wait_for()
        shown = page.locator("svg.plot:visible")
        assert shown.count() == 1
        box = shown.bounding_box()
        assert box is not None
        assert box["width"] > width * 0.7
        assert box["height"] > 250
        found = shown.evaluate(
            "svg => [...svg.querySelectorAll('text.label')].map(text => text.getBBox())"
            ".map(box => [box.x, box.y, box.x + box.width, box.y + box.height])"
        )
        _, _, drawn, _ = map(float, (shown.get_attribute("viewBox") or "").split())
        assert len(found) >= 4
        for left, _, right, _ in found:
            assert 0 <= left < right <= drawn
        for one, other in itertools.combinations(found, 2):
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, f"{one} covers {other}"
