"""Build the site: read cells and submissions, render what changed, and put the whole in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue
from benchmark.errors import UserError
from benchmark.harness import store
from benchmark.hashing import sha256_bytes, sha256_file, sha256_files, sha256_json
from benchmark.paths import cache_root
from benchmark.regression import record as regression
from leaderboard import addresses, bundle, reading, render
from leaderboard.export import table_files
from leaderboard.families import families
from leaderboard.grouping import sections
from leaderboard.output import MARKER, Content, Output, replacing
from leaderboard.pages import DataFile, Page, Refused, Site
from leaderboard.rows import Row
from leaderboard.stamps import Stamps
from leaderboard.submitted import ingest
from methods import registry
from methods.card import Card

DATA_FILES = (
    store.RUN,
    store.LINES,
    store.REQUEST,
    store.MACHINE,
    store.SESSIONS,
    store.SUMMARY,
    store.TIMING,
    store.STANDING,
)
"""What is offered of a cell, where its folder has it."""

STATIC = Path(__file__).parent / "static"
CHANGELOG = Path(__file__).parent.parent / "CHANGELOG.md"
"""Of a clone; an installed package has none."""


@dataclass(frozen=True)
class BuildReport:
    """What was built.

    Attributes:
        rows: cells shown, incomplete ones included; pages: HTML pages; index: the page to open.
        written: files that are new or changed; refused: submissions that are not shown.
    """

    rows: int
    pages: int
    index: Path
    written: int
    refused: tuple[Refused, ...]


def build(
    results: Sequence[Path],
    out: Path,
    *,
    submissions: Sequence[Path] = (),
    base_url: str = "",
    cache: Path | None = None,
    jobs: int = 1,
) -> BuildReport:
    """Build the site of some results folders and submissions at ``out``; the same input gives the same bytes.

    A site that is there already changes when the new one is complete, never before, and only in the files that
    differ.

    Args:
        results: results folders, in any order; a run that is in several of them is shown once.
        submissions: folders of submissions; one that is refused is named on the page and stops nothing.
        out: folder of the site; created with its parents.
        base_url: where the site will be; the feed's links need it.
        cache: what is remembered between builds, and may be deleted; None: in the user's cache folder.
        jobs: processes that check new submissions.

    Raises:
        UserError: a folder is missing or not readable, none holds a run, or ``out`` is something else than a site made
            by this function or an empty folder.
    """
    target = out.resolve()
    _require_replaceable(target, [*results, *submissions])
    memory = cache or cache_root() / "leaderboard"
    stamps = Stamps(memory / "files.json")
    submitted = ingest(submissions, memory / "submissions", stamps, jobs)
    entries = reading.read(results, submitted.cells)
    shown = sections(entries, catalogue.entries())
    if not shown and not submitted.refused:
        folders = ", ".join(str(path) for path in (*results, *submissions)) or "no folder given"
        raise UserError(f"There is no run to show in {folders}. Run a suite first: rerankbench run demo.")
    cards = _cards({*registry.plugins(), *(row.request.method.name for section in shown for row in section.rows)})
    files = _Files(stamps)
    site = Site(
        sections=shown,
        families=families(shown, cards, catalogue.entries(), backbones.entries()),
        cards=cards,
        backbones=backbones.entries(),
        ledger=list(regression.read().values()),
        changelog=CHANGELOG.read_text(encoding="utf-8") if CHANGELOG.is_file() else "",
        refused=submitted.refused,
        data=files.of,
        base_url=base_url.rstrip("/"),
    )
    with replacing(target, memory / "sites" / f"{sha256_bytes(str(target).encode())[:16]}.json") as output:
        pages = _write(site, output)
        written = output.written
    stamps.save()
    return BuildReport(sum(len(section.rows) for section in shown), pages, out / "index.html", written, site.refused)


def is_site(folder: Path) -> bool:
    """Whether `build` made this folder."""
    return (folder / MARKER).is_file()


def _write(site: Site, output: Output) -> int:
    """Every file of the site; returns the number of HTML pages."""
    for section in site.sections:
        for row in section.rows:
            _add_data(row, site.data(row), output)
    code = _code()
    pages = 0
    bundled: dict[str, str] = {}
    for page in render.pages(site):
        key = sha256_json([code, page.depends])
        paths = output.add(page.path, key, partial(_content, page))
        pages += page.path.endswith(".html")
        bundled |= {path: key for path in paths if path != page.path or path in bundle.ALSO}
    for path in sorted(STATIC.iterdir()):
        output.add(path.name, sha256_file(path), partial(dict, [(path.name, path)]))
    output.add(
        addresses.BUNDLE,
        sha256_json(bundled),
        lambda: {addresses.BUNDLE: bundle.pack({path: output.read(path) for path in bundled})},
    )
    return pages


def _add_data(row: Row, files: Sequence[DataFile], output: Output) -> None:
    folder = addresses.run_data(row)
    key = sha256_json([file.sha256 for file in files])
    output.add(folder, key, lambda: {f"{folder}/{file.name}": row.cell.folder / file.name for file in files})


def _content(page: Page) -> dict[str, Content]:
    return {page.path: page.render(), **table_files(page.tables())}


def _code() -> str:
    """Hash of what makes pages of data: this package, with its templates."""
    files = sorted(path for path in Path(__file__).parent.rglob("*") if path.suffix in (".py", ".html"))
    return sha256_files((path.name, path) for path in files)


class _Files:
    """Files of runs that the site offers, each looked at once."""

    def __init__(self, stamps: Stamps) -> None:
        self._stamps = stamps
        self._known: dict[str, tuple[DataFile, ...]] = {}

    def of(self, row: Row) -> Sequence[DataFile]:
        """Of one run; UserError where one is a symbolic link."""
        if row.page not in self._known:
            found = self._stamps.files(row.cell.folder, DATA_FILES)
            self._known[row.page] = tuple(DataFile(*each) for each in found)
        return self._known[row.page]


def _require_replaceable(target: Path, sources: Sequence[Path]) -> None:
    if target.exists() and not is_site(target) and not (target.is_dir() and not any(target.iterdir())):
        raise UserError(
            f"{target}: exists and is not a site made by rerankbench (no {MARKER} in it), so it is left alone. "
            "Choose another output folder."
        )
    inside = [path for path in sources if path.resolve().is_relative_to(target)]
    if inside:
        raise UserError(f"{inside[0]}: lies in the output folder {target}, which is replaced. Choose another one.")


def _cards(names: set[str]) -> Mapping[str, Card]:
    """Cards of the methods that are known here; results may come from plugins that are not installed."""
    found = {}
    for name in sorted(names):
        try:
            found[name] = registry.find(name).card
        except UserError:
            continue
    return found
