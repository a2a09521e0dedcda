"""How fast the overview is in a browser: ``python -m benchmark.perf.page`` (needs the extra ``dev`` and a Chromium).

For a site of made-up runs: what a browser fetches, when the page answers to clicks, and how long it takes from a click
on a column's head until the sorted rows are laid out. Each value is the median of several fresh pages.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.errors import UserError
from benchmark.perf.leaderboard import make, sizes

if TYPE_CHECKING:
    from playwright.sync_api import Page

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]

READY = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
"""Milliseconds until the page was read and its script, which waits for that, has run."""

SORT = """button => {
  const start = performance.now();
  button.click();
  document.querySelector("table.overview").getBoundingClientRect();
  return performance.now() - start;
}"""
"""Milliseconds; asking for the table's place makes the browser lay it out."""


def measured(page: Page, address: str, repeats: int) -> tuple[float, float]:
    """Milliseconds until it is ready, and of sorting; medians of so many visits."""
    ready, sorting = [], []
    for _ in range(repeats):
        page.goto(address)
        ready.append(float(page.evaluate(READY)))
        buttons = page.locator("table.overview thead button").all()
        sorting += [float(button.evaluate(SORT)) for button in buttons[:3]]
    return statistics.median(ready), statistics.median(sorting)


@click.command()
@click.option("--rows", multiple=True, default=[200, 5000], show_default=True, help="Rows (repeatable).")
@click.option("--collections", default=1, show_default=True, help="Collections of each row.")
@click.option("--repeats", default=5, show_default=True, help="Visits.")
def main(rows: tuple[int, ...], collections: int, repeats: int) -> None:
    """Build a site for each number of rows, visit its overview, and print what was measured."""
    from leaderboard import build

    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        raise UserError("no Chromium on the path. Install one, for example with: apt-get install chromium")
    for count in rows:
        with tempfile.TemporaryDirectory() as scratch:
            site = Path(scratch) / "site"
            make(Path(scratch) / "results", count, collections, 20)
            build([Path(scratch) / "results"], site, cache=Path(scratch) / "cache", jobs=2)
            ready, sorting = _visited(browser, site, repeats)
            click.echo(f"{count} rows x {collections} collections: ready in {ready:.0f} ms, sorted in {sorting:.0f} ms")
            for line in sizes(site):
                click.echo(f"  {line}")


def _visited(browser: str, site: Path, repeats: int) -> tuple[float, float]:
    # After building, which has other processes only before threads begin.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        page = running.new_page(viewport={"width": 1280, "height": 900})
        found = measured(page, (site / "index.html").resolve().as_uri(), repeats)
        running.close()
    return found


if __name__ == "__main__":
    main()
