"""Build the site: read cells and submissions, render what changed, and put the whole in its place."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmark import __version__, evaluation
from benchmark.backbones import catalogue as backbones
from benchmark.collections import catalogue
from benchmark.errors import UserError
from benchmark.hashing import sha256_bytes, sha256_file, sha256_files, sha256_json
from benchmark.paths import cache_root
from benchmark.regression import record as regression
from leaderboard import addresses, bundle, dataset, reading, render
from leaderboard.families import families
from leaderboard.grouping import sections
from leaderboard.output import MARKER, Output, replacing
from leaderboard.pages import Group, Refused, Site
from leaderboard.stamps import Stamps
from leaderboard.submitted import ingest
from methods import registry
from methods.card import Card

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
        jobs: processes, for new submissions and for what is made anew.

    Raises:
        UserError: a folder is missing or not readable, none holds a run, or ``out`` is something else than a site made
            by this function or an empty folder.
    """
    with _without_collector():
        return _build(results, out, submissions, base_url, cache, jobs)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Objects that a build makes stay to its end and hold no cycles; looking for some takes a quarter of its time.

    It is off in forked processes as well, where looking also writes to memory, and so has it copied.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _build(
    results: Sequence[Path],
    out: Path,
    submissions: Sequence[Path],
    base_url: str,
    cache: Path | None,
    jobs: int,
) -> BuildReport:
    target = out.resolve()
    _require_replaceable(target, [*results, *submissions])
    memory = cache or cache_root() / "leaderboard"
    stamps = Stamps(memory / "hashes.json")
    submitted = ingest(submissions, memory / "submissions", stamps, jobs)
    shown = sections(reading.read(results, submitted.cells, stamps, jobs), catalogue.entries(), jobs)
    if not shown and not submitted.refused:
        folders = ", ".join(str(path) for path in (*results, *submissions)) or "no folder given"
        raise UserError(f"There is no run to show in {folders}. Run a suite first: rerankbench run demo.")
    cards = _cards({*registry.plugins(), *(row.request.method.name for section in shown for row in section.rows)})
    tables = families(shown, cards, catalogue.entries(), backbones.entries(), jobs)
    with replacing(target, memory / "sites" / f"{sha256_bytes(str(target).encode())[:16]}.json") as output:
        site = Site(
            sections=shown,
            families=tables,
            cards=cards,
            backbones=backbones.entries(),
            ledger=list(regression.read().values()),
            changelog=CHANGELOG.read_text(encoding="utf-8") if CHANGELOG.is_file() else "",
            refused=submitted.refused,
            base_url=base_url.rstrip("/"),
        )
        pages = _write(site, output, jobs)
        written = output.written
    stamps.save()
    return BuildReport(sum(len(section.rows) for section in shown), pages, out / "index.html", written, site.refused)


def is_site(folder: Path) -> bool:
    """Whether `build` made this folder."""
    return (folder / MARKER).is_file()


def _write(site: Site, output: Output, jobs: int) -> int:
    """Every file of the site; returns the number of HTML pages."""
    code = _code()
    names = []
    for group in render.groups(site):
        names.append(group.path)
        output.add(group.path, partial(_key, code, group), group.files, group.batch)
    for path in sorted(STATIC.iterdir()):
        output.add(path.name, partial(sha256_file, path), partial(dict, [(path.name, path.read_bytes())]))
    output.make(jobs)
    parts = [addresses.lines(section) for section in site.sections]
    own = [output.key(addresses.collection(section)) for section in site.sections]
    refused = [[each.name, each.problems] for each in site.refused]
    output.add(
        addresses.RECORD,
        partial(sha256_json, [code, own, refused]),
        lambda: {addresses.RECORD: partial(dataset.write, [output.place(path) for path in parts], site.refused)},
    )
    output.make()
    inside = {
        path: output.key(group)
        for group in (*names, addresses.RECORD)
        for path in output.paths(group)
        if bundle.holds(path)
    }
    output.add(
        addresses.BUNDLE,
        partial(sha256_json, [code, inside]),
        lambda: {addresses.BUNDLE: bundle.everything({path: output.place(path) for path in inside})},
    )
    output.make()
    return sum(path.endswith(".html") for path in names)


def _key(code: str, group: Group) -> str:
    return sha256_bytes(f"{code}{group.depends}".encode("utf-8", "replace"))


def _code() -> str:
    """Hash of what makes pages of data: this package with its templates, and the tests that it shows."""
    folders = (Path(__file__).parent, Path(evaluation.__file__).parent)
    hashes = []
    for folder in folders:
        files = (path for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".html"))
        hashes.append(sha256_files((path.relative_to(folder).as_posix(), path) for path in files))
    return sha256_json([__version__, *hashes])


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
