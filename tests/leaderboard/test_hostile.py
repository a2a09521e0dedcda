"""All that a submission controls holds an attack; the pages are opened, and nothing runs, loads or breaks out."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import cells
import pytest
from browsing import opened

from benchmark.backbones import catalogue as backbones
from benchmark.harness.record import Standing, TrainingOverlap
from leaderboard import build
from methods import registry

if TYPE_CHECKING:
    from playwright.sync_api import Browser

MARKUP = "<script>pwned=1</script>\"'&<img src=x onerror=pwned=2><svg onload=pwned=3>"
ATTACKS = {
    "markup": MARKUP,
    "end of script": "</script><script>pwned=4</script></title></style>--><!--]]>",
    "attribute": "x\" onfocus=pwned=5 autofocus tabindex=1 style=color:red x='",
    "address": "javascript:pwned=6//",
    "template": "{{ 7*7 }}{% raw %}${pwned=7}`${pwned=8}`",
    "right to left": "\u202eevil\u2066txt\u200f\u200b",
    "line ends": "a\u2028b\u2029c\x85d",
    "formula": '=HYPERLINK("http://192.0.2.1/","x")',
    "command": "@SUM(1+1)*cmd|'/c calc'!A0",
    "prototype": "__proto__",
    "path": "../../../../etc/passwd",
    "huge": "W" * 3_000,
}


@pytest.fixture(scope="session")
def hostile_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    write_attacks(folder / "results")
    return build([folder / "results"], folder / "site", cache=folder / "cache").index.parent


def write_attacks(results: Path) -> None:
    """A cell an attack, which stands in every field that is free text."""
    on = cells.collection(f"../{MARKUP}", split=ATTACKS["attribute"], first_stage=ATTACKS["end of script"])
    cells.write_cell(
        results, cells.request("first-stage", backbone=None, on=on), qids=[*ATTACKS.values()], folder="base"
    )
    for place, (name, attack) in enumerate(ATTACKS.items()):
        asked = cells.request(attack, attack, {attack[:300]: attack}, attack, on)
        if asked.backbone:
            asked = asked.model_copy(update={"backbone": asked.backbone.model_copy(update={"location": attack})})
        ran_on = cells.machine(
            command=attack, processor=attack, packages={attack: attack}, accelerator=attack, platform=attack
        )
        seen = TrainingOverlap(source=attack, checked=True, queries=1, documents=1)
        cell = cells.write_cell(
            results,
            asked,
            folder=f"cell{place}",
            qids=[*ATTACKS.values()],
            failures=(place,),
            message=attack,
            ran_on=ran_on,
            training=[seen],
            finished=name != "template",
        )
        standing = Standing(submission=attack, trust="submitted", checks=(attack,), flags=(attack,))
        (cell / "standing.json").write_text(standing.model_dump_json(), encoding="utf-8")
        lines = (cell / "queries.jsonl").read_text(encoding="utf-8")
        (cell / "queries.jsonl").write_text(lines.replace('"d0"', json.dumps(attack)), encoding="utf-8")


CHECK = """() => ({
  pwned: window.pwned,
  handlers: [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))).length,
  scripts: [...document.scripts].map(script => script.src)
    .filter(src => !/\\/(site|charts|compare|compare\\/(rows|sections)\\/[\\w.-]+)\\.js$/.test(src)).length,
  links: [...document.querySelectorAll('[href], [src]')].map(e => e.getAttribute('href') || e.getAttribute('src') || '')
    .filter(a => /^\\s*(javascript|data|vbscript):/i.test(a)).length,
  styled: [...document.querySelectorAll('main [style]:not(.tip)')].length,
})"""
HARMLESS = {"handlers": 0, "scripts": 0, "links": 0, "styled": 0}


@pytest.mark.slow
def test_nothing_runs_on_pages_of_every_kind(browser: Browser, hostile_site: Path) -> None:
    ours = {*registry.plugins(), *backbones.entries()}
    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(hostile_site.rglob("*.html")):
        if path.stem not in ours:
            kinds[path.parent.name].append(path)
    visit(browser, hostile_site, [path for paths in kinds.values() for path in paths[:8]])


@pytest.mark.slow
def test_nothing_runs_on_any_page(browser: Browser, hostile_site: Path) -> None:
    paths = sorted(hostile_site.rglob("*.html"))
    assert len(paths) > 3 * len(ATTACKS)
    visit(browser, hostile_site, paths)


def visit(browser: Browser, hostile_site: Path, paths: list[Path]) -> None:
    """Open each page, and look for what ran or could run."""
    with opened(browser, hostile_site / "index.html") as page:
        for path in paths:
            page.goto(path.resolve().as_uri())
            assert {key: value for key, value in page.evaluate(CHECK).items() if value is not None} == HARMLESS, path


def test_the_attacks_are_there_as_text(hostile_site: Path, browser: Browser) -> None:
    with opened(browser, hostile_site / "methods.html") as page:
        text = page.locator("main").text_content() or ""
        for name, attack in ATTACKS.items():
            assert " ".join(attack.split()) in " ".join(text.split()), name


def test_two_hostile_runs_are_compared_as_text(browser: Browser, hostile_site: Path) -> None:
    with opened(browser, hostile_site / "compare.html") as page:
        page.locator("[data-output] .tiles").wait_for()
        options = page.locator("[data-a] option").all()
        assert len(options) == len(ATTACKS)
        for option in options[:: max(1, len(options) // 4)]:
            page.locator("[data-a]").select_option(option.get_attribute("value"))
            page.wait_for_timeout(50)
            found = {key: value for key, value in page.evaluate(CHECK).items() if value is not None}
            assert found == HARMLESS
        shown = page.locator("[data-output]").text_content() or ""
        assert MARKUP in shown
        assert "__proto__" in shown, "a topic of that name is a topic"
        with page.expect_download() as download:
            page.locator('[data-output] a[download$=".csv"]').last.click()
        text = Path(download.value.path()).read_text(encoding="utf-8")
        assert "'=HYPERLINK" in text
        assert no_formula(text)


@pytest.mark.parametrize("width", [1280, 375])
def test_huge_names_do_not_push_the_page_aside(browser: Browser, hostile_site: Path, width: int) -> None:
    paths = [hostile_site / name for name in ("index.html", "cost.html", "methods.html", "compare.html")]
    paths += [next((hostile_site / "collections").iterdir())]
    paths += [path for path in (hostile_site / "runs").glob("*.html") if "WWWW" in path.name][:1]
    with opened(browser, paths[0], viewport={"width": width, "height": 800}) as page:
        for path in paths:
            page.goto(path.resolve().as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_spreadsheet_is_given_no_formula(hostile_site: Path) -> None:
    tables = sorted(hostile_site.rglob("*.csv"))
    assert len(tables) > 10
    for path in tables:
        assert no_formula(path.read_text(encoding="utf-8")), path


def no_formula(text: str) -> bool:
    """Whether every cell of a CSV is a number, or begins with nothing that a spreadsheet would compute."""
    values = [value for row in csv.reader(io.StringIO(text, newline="")) for value in row]
    odd = [value for value in values if value.strip("\u200b\u202e ")[:1] in tuple("=+-@|%\t\r")]
    return all(re.fullmatch(r"-?\d+(\.\d+)?(e[-+]\d+)?", value) for value in odd)


def test_no_file_lies_outside_of_the_site(hostile_site: Path) -> None:
    assert {path.name for path in hostile_site.parent.iterdir()} == {"results", "site", "cache"}
    for path in hostile_site.rglob("*"):
        assert len(path.name) < 256
        assert path.name.isascii()
