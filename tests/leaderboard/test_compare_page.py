"""Head to head in a browser: from a disk, from a sub-path of a server, and without a script."""

from __future__ import annotations

import csv
import html
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import cells
import pytest
from browsing import opened, served

from benchmark.evaluation.statistics import paired_test
from leaderboard import build, text

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def run(site: Path, start: str) -> str:
    """Name of the page of a run."""
    return next((site / "runs").glob(f"{start}.*.html")).stem


def by_topic(results: Path, start: str) -> dict[str, float]:
    (folder,) = results.glob(f"{start}*")
    values: dict[str, float] = json.loads((folder / "summary.json").read_text())["metrics"]["per_query"]["nDCG@10"]
    return values


def tiles(page: Page) -> dict[str, list[str]]:
    page.locator("[data-output] .tiles").wait_for()
    return {
        box.locator("dt").inner_text(): box.locator("dd").all_inner_texts()
        for box in page.locator("[data-output] .tiles > div").all()
    }


def test_it_opens_with_the_best_run_against_the_first_stage(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "compare.html") as page:
        found = tiles(page)
        assert [*found][2:] != []
        assert page.locator("[data-b]").input_value() == run(demo_site, "first-stage")
        assert page.locator("[data-a]").evaluate("select => select.selectedIndex") == 0
        assert page.url.endswith(f"?a={run(demo_site, 'core.reversed')}&b={run(demo_site, 'first-stage')}")


@pytest.mark.slow
def test_numbers_are_those_of_the_other_pages(browser: Browser, demo_site: Path, demo_results: Path) -> None:
    """The p-value included: the script makes the same sign flips."""
    pairs = json.loads(next((demo_site / "data" / "tables").glob("neighbours-demo-*.json")).read_bytes())["rows"]
    runs = json.loads(next((demo_site / "data" / "tables").glob("runs-demo-*.json")).read_bytes())["rows"]
    assert len(pairs) > 5
    with opened(browser, demo_site / "compare.html") as page:
        address = page.url.partition("?")[0]
        for pair in pairs:
            a, b = Path(pair["above"]).stem, Path(pair["below"]).stem
            page.goto(f"{address}?a={a}&b={b}")
            found = tiles(page)
            wanted = paired_test(by_topic(demo_results, a), by_topic(demo_results, b))
            difference, p = found["Difference of nDCG@10"]
            assert difference == text.signed(pair["difference"])
            assert float(difference.replace("\N{MINUS SIGN}", "-")) == pytest.approx(wanted.difference, abs=0.0006)
            assert p.split(",")[0] == text.p_value(pair["p"])
            assert pair["p"] == pytest.approx(wanted.p_value, abs=0.02)
            assert found["Better, equal, worse"] == [f"{wanted.wins} / {wanted.ties} / {wanted.losses}", "35 topics"]
        bars = page.locator(".bars rect").evaluate_all("bars => bars.map(bar => bar.className.baseVal)")
        assert len(bars) == 35
        assert page.locator("[data-output] table").last.locator("tbody tr").count() == 35
        first = next(row for row in runs if row["method"] == "first-stage")
        for row in runs[:4]:
            if row["page"] != first["page"]:
                page.goto(f"{address}?a={Path(row['page']).stem}&b={Path(first['page']).stem}")
                p = tiles(page)["Difference of nDCG@10"][1].split(",")[0]
                assert html.escape(p) in (demo_site / row["page"]).read_text(encoding="utf-8")


def test_the_exact_test_is_the_exact_one(browser: Browser, tmp_path: Path) -> None:
    results = tmp_path / "results"
    for method in ("icr", "core"):
        cells.write_cell(results, cells.request(method), topics=10, quality=0.6 if method == "icr" else 0.66)
    site = build([results], tmp_path / "site").index.parent
    wanted = paired_test(by_topic(results, "icr"), by_topic(results, "core"))
    assert wanted.topics == 10
    with opened(browser, site / "compare.html") as page:
        p = tiles(page)["Difference of nDCG@10"][1]
        assert p.startswith("p < 0.001" if wanted.p_value < 0.001 else f"p = {wanted.p_value:.3f},")


def test_an_address_with_one_run_is_answered_with_another_one(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "compare.html") as page:
        first = run(demo_site, "first-stage")
        page.goto(f"{page.url.partition('?')[0]}?a={first}")
        assert len(tiles(page)) == 4
        assert page.locator("[data-a]").input_value() == first != page.locator("[data-b]").input_value()


def test_its_tables_can_be_downloaded_as_data(browser: Browser, demo_site: Path) -> None:
    page = browser.new_page(accept_downloads=True)
    page.goto((demo_site / "compare.html").resolve().as_uri())
    tiles(page)
    found = {}
    for link in page.locator("[data-output] a[download]").all():
        with page.expect_download() as download:
            link.click()
        found[download.value.suggested_filename] = Path(download.value.path()).read_text(encoding="utf-8")
    page.close()
    a, b = run(demo_site, "core.reversed"), run(demo_site, "first-stage")
    assert [*found] == [f"{a}--{b}{part}.{kind}" for part in (".largest", "") for kind in ("csv", "json")]
    rows = json.loads(found[f"{a}--{b}.json"])["rows"]
    known = json.loads((demo_site / "runs" / f"{a}.json").read_bytes())["rows"]
    assert {row["query"]: row[a] for row in rows} == pytest.approx({row["query"]: row["nDCG@10"] for row in known})
    lines = list(csv.DictReader(found[f"{a}--{b}.csv"].splitlines()))
    assert [line["query"] for line in lines] == [row["query"] for row in rows]
    assert len(json.loads(found[f"{a}--{b}.largest.json"])["rows"]) == 10


def test_choosing_changes_the_address_and_the_address_chooses(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "compare.html") as page:
        tiles(page)
        page.locator("[data-a]").select_option(run(demo_site, "core.default"))
        page.locator("[data-b]").select_option(run(demo_site, "icr.paper"))
        page.wait_for_url("**/compare.html?a=core.default*&b=icr.paper*")
        said = page.locator("[data-said]").inner_text()
        page.reload()
        tiles(page)
        assert page.locator("[data-said]").inner_text() == said
        page.get_by_role("button", name="Swap").click()
        page.wait_for_url("**/compare.html?a=icr.paper*&b=core.default*")


def test_it_can_be_used_with_the_keyboard_alone(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "compare.html") as page:
        before = tiles(page)
        page.locator("[data-a]").focus()
        page.keyboard.press("ArrowDown")
        page.wait_for_function(
            "before => !document.querySelector('.tiles').innerText.includes(before)", arg=[*before][2]
        )
        assert [*tiles(page)][2] != [*before][2]


def test_rankings_of_the_queries_that_differ_most_are_those_of_the_runs(
    browser: Browser, demo_site: Path, demo_results: Path
) -> None:
    with opened(browser, demo_site / "compare.html") as page:
        tiles(page)
        page.locator("[data-a]").select_option(run(demo_site, "core.default"))
        page.wait_for_url("**/compare.html?a=core.default*")
        row = page.locator("[data-output] table").first.locator("tbody tr").first
        qid = row.locator("th").inner_text()
        shown = [item.split()[0] for item in row.locator("ol").first.locator("li").all_inner_texts()]
    (folder,) = demo_results.glob("core.default.*")
    lines = [line.split() for line in (folder / "run.trec").read_text().splitlines()]
    assert shown == [line[2] for line in lines if line[0] == qid][:5]


def test_it_works_from_a_sub_path_of_a_server(browser: Browser, demo_site: Path, tmp_path: Path) -> None:
    shutil.copytree(demo_site, tmp_path / "host" / "deep" / "board")
    with served(tmp_path / "host") as address, opened(browser, f"{address}deep/board/compare.html") as page:
        assert len(tiles(page)) == 4
        page.goto(f"{address}deep/board/methods/qrhead.html")
        page.get_by_role("link", name="Head to head").click()
        assert len(tiles(page)) == 4


def test_without_a_script_it_leads_to_comparisons_that_are_pages(browser: Browser, demo_site: Path) -> None:
    with opened(browser, demo_site / "compare.html", java_script_enabled=False) as page:
        assert not page.locator("[data-controls]").is_visible()
        assert page.get_by_text("Choosing any two runs needs a script.").is_visible()
        page.locator("[data-without-script] a").first.click()
        page.get_by_role("link", name="topic by topic").first.click()
        assert page.locator("h3", has_text="Against the run ranked just above it").is_visible()
        assert page.locator("h3", has_text="Against the first stage").is_visible()
        assert page.locator(".bars:visible").count() == 2


@pytest.mark.parametrize("asked", ["?a=gone&b=away", "?a=..%2F..%2Fsite&b=x", "?a=javascript:alert(1)", "?a=%3Cimg%3E"])
def test_an_address_that_names_no_run_is_answered_in_words(browser: Browser, demo_site: Path, asked: str) -> None:
    page = browser.new_page()
    page.set_default_timeout(10_000)
    ran: list[str] = []
    page.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
    page.goto((demo_site / "compare.html").resolve().as_uri() + asked)
    page.get_by_text("there is no such run in this collection, so another is shown").wait_for()
    assert [*tiles(page)] != []
    assert ran == []
    page.close()
