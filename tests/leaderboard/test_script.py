"""static/site.js in a real browser: sorting, filtering, permalinks, columns; and what is left without it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import cells
import pytest

from leaderboard import build
from leaderboard.site import STATIC

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NANO = ("nano-nfcorpus", "nano-scifact")
HOSTILE = "<img src=x onerror=alert(1)>\"'|=1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two families; in one a row that is not complete, two backbones, two machines."""
    folder = tmp_path_factory.mktemp("script")
    cells.demo_results(folder / "results")
    rows = [("first-stage", None, 0.45), ("icr", cells.MODEL, 0.5), ("icr", "qwen3-4b", 0.6), ("core", "qwen3-4b", 0.7)]
    for method, backbone, quality in rows:
        for name in NANO:
            ran_on = cells.machine(processor="Another") if backbone == "qwen3-4b" else None
            asked = cells.request(method, backbone=backbone, on=cells.collection(name))
            cells.write_cell(folder / "results", asked, quality=quality, topics=30, ran_on=ran_on, seconds=1 - quality)
    cells.write_cell(folder / "results", cells.request("rankgpt", on=cells.collection(NANO[0])), topics=30, written=9)
    return build([folder / "results"], folder / "site", cache=folder / "cache").index.parent


@pytest.fixture
def page(browser: Browser, site: Path) -> Iterator[Page]:
    """The overview; a message in the console or a request to elsewhere fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("request", lambda sent: None if sent.url.startswith("file:") else complaints.append(sent.url))
    opened.goto((site / "index.html").as_uri())
    yield opened
    context.close()
    assert complaints == []


def table(page: Page, family: str) -> str:
    """Selector of a family's table."""
    return f"section[aria-labelledby^='{family}'] table"


def names(page: Page, family: str = "nanobeir") -> list[str]:
    """Method and backbone of the rows that are shown, in their order."""
    found = page.locator(f"{table(page, family)} tbody tr:visible").evaluate_all(
        "rows => rows.map(row => row.querySelector('th a').textContent + ' ' + row.dataset.backbone)"
    )
    return [str(name) for name in found]


def head(page: Page, name: str, family: str = "nanobeir") -> object:
    return page.locator(f"{table(page, family)} thead").get_by_role("button", name=name, exact=False)


def column(page: Page, key: str, family: str = "nanobeir") -> list[float | None]:
    number = page.locator(f"{table(page, family)} th[data-key='{key}']").evaluate("cell => cell.cellIndex")
    values = page.locator(f"{table(page, family)} tbody tr").evaluate_all(
        "(rows, number) => rows.map(row => row.cells[number].dataset.v)", number
    )
    return [float(value) if value else None for value in values]


def test_every_column_can_be_sorted_with_a_button_both_ways_and_missing_values_stay_last(page: Page) -> None:
    heads = page.locator(f"{table(page, 'nanobeir')} thead th")
    page.locator("label", has_text="All columns").first.click()
    for place in range(heads.count()):
        cell = heads.nth(place)
        button = cell.get_by_role("button")
        assert button.count() == 1
        key = cell.get_attribute("data-key")
        orders = []
        for _ in range(2):
            button.click()
            orders.append(cell.get_attribute("aria-sort"))
            if key in ("method", "trust", "date"):
                continue
            values = column(page, str(key))
            there = [value for value in values if value is not None]
            assert values[: len(there)] == there, f"{key}: missing values are last"
            assert there == sorted(there, reverse=orders[-1] == "descending")
        assert set(orders) == {"ascending", "descending"}
        assert page.locator(f"{table(page, 'nanobeir')} [aria-sort]").count() == 1


def test_sorting_works_from_the_keyboard_and_is_announced(page: Page) -> None:
    button = head(page, "Latency")
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator(f"{table(page, 'nanobeir')} th[data-key=latency]").get_attribute("aria-sort") == "ascending"
    assert "Sorted by Latency, ascending" in page.locator("[role=status]").text_content()
    assert button.evaluate("button => button === document.activeElement")


def test_a_link_keeps_sorting_filters_search_and_columns(page: Page, browser: Browser) -> None:
    head(page, "Latency").click()
    head(page, "Latency").click()
    page.get_by_label("Backbone").select_option("qwen3-4b")
    page.get_by_label("Search").fill("core")
    page.locator("label", has_text="Each collection").first.click()
    shown, address = names(page), page.url
    assert shown == ["CoRe qwen3-4b"]
    other = browser.new_page()
    other.goto(address)
    assert names(other) == shown
    assert other.get_by_label("Search").input_value() == "core"
    assert other.get_by_label("Backbone").input_value() == "qwen3-4b"
    latency = other.locator(f"{table(other, 'nanobeir')} th[data-key=latency]")
    assert latency.get_attribute("aria-sort") == "descending"
    assert not latency.is_visible()
    assert other.locator(f"{table(other, 'nanobeir')} th.by-collection").first.is_visible()
    other.close()


@pytest.mark.parametrize(
    ("label", "value", "left"),
    [
        ("Kind of method", "generation", {"RankGPT"}),
        ("Backbone", "qwen3-4b", {"ICR (in-context re-ranking)", "CoRe"}),
        ("Size", "no model", {"First stage"}),
        ("Hardware", "Another, 4 cores, 16 GiB", {"ICR (in-context re-ranking)", "CoRe"}),
        ("Collection", "NanoSciFact", {"First stage", "ICR (in-context re-ranking)", "CoRe"}),
    ],
)
def test_each_filter_leaves_its_rows(page: Page, label: str, value: str, left: set[str]) -> None:
    before = len(names(page))
    page.locator(".filters").get_by_label(label).select_option(value)
    shown = names(page)
    assert 0 < len(shown) < before
    assert {name.rpartition(" ")[0].removesuffix(" no") for name in shown} == left
    page.get_by_role("button", name="Show all").click()
    assert len(names(page)) == before
    assert "?" not in page.url


def test_a_family_without_a_matching_row_is_hidden_and_rows_are_counted(page: Page) -> None:
    page.locator(".filters").get_by_label("Collection").select_option("NanoSciFact")
    assert page.locator("section[data-family]:visible").count() == 1
    assert page.locator(".filters output").text_content() == "4 of 17 rows"


def test_a_search_needs_all_its_words_and_shows_nothing_but_what_matches(page: Page) -> None:
    page.get_by_label("Search").fill("icr qwen3")
    assert names(page) == ["ICR (in-context re-ranking) qwen3-4b"]
    page.get_by_label("Search").fill("<script>")
    assert names(page) == []


def test_an_address_with_nonsense_is_harmless(browser: Browser, site: Path) -> None:
    opened = browser.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto((site / "index.html").as_uri() + "?sort-x=y&backbone=%3Cb%3E&q=%00&view-=1&sort-=#%E0%A4%A")
    assert errors == []
    opened.close()


def test_without_javascript_everything_is_there(browser: Browser, site: Path) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    assert not page.locator(".filters").is_visible()
    assert page.locator("thead button").count() == 0
    assert page.locator(f"{table(page, 'nanobeir')} tbody tr").count() == 5
    columns = page.locator(f"{table(page, 'nanobeir')} th.by-collection")
    assert not columns.first.is_visible()
    page.locator("label", has_text="Each collection").first.click()
    assert columns.first.is_visible(), "the choice of columns is of HTML and CSS alone"
    context.close()


@pytest.mark.parametrize("width", [1280, 375])
def test_main_columns_do_not_scroll_on_a_desktop_and_a_phone_shows_name_and_score(
    browser: Browser, site: Path, width: int
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((site / "index.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for box in page.locator(".scroll").all():
        inside, outside = box.evaluate("box => [box.scrollWidth, box.clientWidth]")
        if width == 1280:
            assert inside <= outside
        score = box.locator("tbody tr").first.locator("td").nth(1).bounding_box()
        assert score["x"] + score["width"] <= width
    page.close()


@pytest.fixture
def long_table(tmp_path: Path) -> str:
    """A page with 5,000 rows of four columns, with the site's script and style."""
    for name in ("site.js", "style.css"):
        (tmp_path / name).write_bytes((STATIC / name).read_bytes())
    heads = "".join(f"<th scope=col data-key=c{number}>C{number}</th>" for number in range(4))
    rows = "".join(
        f"<tr data-kind=k{row % 7}>"
        + f"<th scope=row data-v={row * 7919 % 5000}>row {row}</th>"
        + "".join(f"<td class=number data-v={(row * 31 + number) % 977}>{row}</td>" for number in range(3))
        + "</tr>"
        for row in range(5000)
    )
    (tmp_path / "index.html").write_text(
        "<!doctype html><html lang=en><link rel=stylesheet href=style.css><script src=site.js defer></script><body>"
        "<div data-filters=t data-keys=kind hidden></div>"
        f"<div class=scroll><table id=t class=overview data-sortable><thead><tr>{heads}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>",
        encoding="utf-8",
    )
    return (tmp_path / "index.html").as_uri()


def test_five_thousand_rows_are_sorted_whole_and_shown_in_part(browser: Browser, long_table: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(long_table)
    page.get_by_role("button", name="C0", exact=True).click()
    values = page.locator("tbody th").evaluate_all("cells => cells.map(cell => Number(cell.dataset.v))")
    assert values == list(range(4999, 4799, -1))
    page.get_by_label("kind").select_option("k3")
    assert page.locator("output").text_content() == "714 of 5000 rows"
    page.get_by_role("button", name="Show all 714 rows").click()
    assert page.locator("tbody tr").count() == 714
    page.reload()
    assert page.locator("tbody tr").count() == 200
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("tbody tr").count() == 714, "on paper there are all"
    page.close()


def test_hostile_names_do_nothing_in_choices_and_cells(browser: Browser, tmp_path: Path) -> None:
    ran_on = cells.machine(processor=HOSTILE)
    cells.write_cell(tmp_path / "r", cells.request(HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE), ran_on=ran_on)
    cells.write_cell(tmp_path / "r", cells.request())
    site = build([tmp_path / "r"], tmp_path / "site").index.parent
    page = browser.new_page()
    seen: list[str] = []
    page.on("dialog", lambda dialog: (seen.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: seen.append(message.text))
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.goto((site / "index.html").as_uri())
    page.get_by_label("Backbone").select_option(index=1)
    assert page.locator("img").count() == 0
    assert seen == []
    page.close()
