"""``rerankbench data list|prepare|verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmark.errors import UserError, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from benchmark.cli.downloads import Downloads
    from benchmark.collections.base import Collection
    from benchmark.collections.spec import CollectionSpec


@click.group()
def command() -> None:
    """Public collections and their first-stage runs."""


@command.command("list")
@click.option("--family", default=None, help="Only collections of this family.")
def listing(family: str | None) -> None:
    """What there is, how large it is, under which licence, and what is on this machine."""
    from rich.table import Table

    from benchmark.cli.table import output
    from benchmark.collections import catalogue, manifest

    held = manifest.read().held
    table = Table()
    for column in ("collection", "split", "from", "topics", "documents", "size", "runs to fetch", "licence", "here"):
        table.add_column(column, overflow="fold")
    families = {spec.family for spec in catalogue.entries().values()}
    if family is not None and family not in families:
        raise UserError(f"Unknown family '{family}'. Known: {', '.join(sorted(families))}.")
    for name, spec in catalogue.entries().items():
        if family not in (None, spec.family):
            continue
        for split, part in spec.splits.items():
            fetched = [run for run in part.runs.values() if run.url]
            table.add_row(
                name,
                split,
                part.source.kind,
                f"{part.queries:,}",
                f"{part.documents:,}",
                in_units(part.bytes) if part.bytes else "",
                f"{len(fetched)} ({in_units(sum(run.bytes or 0 for run in fetched))})" if fetched else "0",
                spec.licence,
                "yes" if f"{name}:{split}" in held or part.source.kind == "folder" else "",
            )
    output().print(table)


@command.command()
@click.argument("names", nargs=-1, metavar="[COLLECTION[:SPLIT]...]")
@click.option("--suite", "suite_name", default=None, help="Also every collection of this suite, with its runs.")
@click.option("--again", is_flag=True, help="Fetch anew what is damaged; nothing is replaced without this.")
def prepare(names: tuple[str, ...], suite_name: str | None, again: bool) -> None:
    """Fetch collections with their runs, build runs that can be built, look every candidate up.

    Sizes and licences are said first. Documents and judgements come through ir-datasets or mteb, which download on
    first use; a run that broke off goes on where it stopped.
    """
    from rich.console import Console

    from benchmark import suites
    from benchmark.collections import catalogue, workshop

    console = Console(stderr=True)
    wanted: dict[tuple[str, str], list[str | None]] = {}
    for name in names:
        wanted.setdefault((name.partition(":")[0], name.partition(":")[2] or "test"), [None])
    depth = workshop.DEPTH
    if suite_name is not None:
        suite = suites.present(suites.find(suite_name), console.print)
        for entry in suite.collections:
            wanted.setdefault((entry.collection, entry.split), []).extend(entry.first_stages)
        depth = max(depth, *suite.depth)
    if not wanted:
        raise UserError("Name collections, or a --suite.")
    for name, split in wanted:
        spec = catalogue.entry(name)
        if spec:
            click.echo(announced(spec, split), err=True)
    problems: list[str] = []
    for (name, split), stages in wanted.items():
        try:
            click.echo(_prepared(name, split, list(dict.fromkeys(stages)), depth, again, console))
        except UserError as error:
            # The others can be had all the same.
            problems += error.problems
    if problems:
        raise UserError(problems)


def _prepared(name: str, split: str, stages: Sequence[str | None], depth: int, again: bool, console: Console) -> str:
    """Prepare one split with some of its runs; what is there then, in words."""
    from benchmark.cli.downloads import Downloads
    from benchmark.collections import catalogue, manifest

    collection = catalogue.find(name, split)
    if again:
        for sentence in manifest.discard_damaged(collection):
            click.echo(sentence, err=True)
    with Downloads(console) as downloads:
        collection.progress, collection.anew = downloads.show, again
        _make_runs(collection, stages, depth, downloads)
        held = manifest.prepare(collection, _path(name))
    unjudged = f": {some(held.unjudged)}" if held.unjudged else ""
    runs = ", ".join(f"{run} (depth {held.depths[run]})" for run in held.runs)
    return (
        f"{manifest.key(collection)}: {held.topics} topics ({held.topics - held.judged} without judgements{unjudged}), "
        f"{held.judgements} judgements, runs: {runs}; {held.candidates} candidates found in the corpus"
    )


def _make_runs(collection: Collection, stages: Sequence[str | None], depth: int, downloads: Downloads) -> None:
    """Build the runs among these that can be built and are not there yet."""
    from benchmark.collections import manifest, workshop
    from benchmark.collections.runs import NotBuilt

    for stage in stages:
        try:
            collection.first_stage(stage)
        except NotBuilt:
            retriever = workshop.named(stage or workshop.BM25.name)
            built = workshop.build(collection, retriever, depth, progress=downloads.counted("Documents"))
            click.echo(f"{manifest.key(collection)}: built {built.path.stem}, nDCG@10 {built.ndcg_at_10:.4f}", err=True)


@command.command()
@click.argument("names", nargs=-1, metavar="[COLLECTION[:SPLIT]...]")
def verify(names: tuple[str, ...]) -> None:
    """Compare what is here with what was prepared; without names, everything. Nothing is replaced."""
    from benchmark.collections import catalogue, manifest

    held = manifest.read().held
    by_path = {before.asked: name for name, before in held.items() if before.asked}
    chosen = [by_path.get(_path(name) or "", name if ":" in name else f"{name}:test") for name in names] or list(held)
    missing = [name for name in chosen if name not in held]
    if missing:
        raise UserError([f"{name}: was not prepared here: rerankbench data prepare {name}" for name in missing])
    problems: list[str] = []
    for name in chosen:
        before = held[name]
        try:
            found = manifest.differences(before, catalogue.find(before.asked or before.collection, before.split))
        except UserError as error:
            found = list(error.problems)
        problems += found
        click.echo(f"{name}: {'damaged' if found else 'as prepared'}")
    if problems:
        raise UserError(problems)


def _path(name: str) -> str | None:
    """The whole path of a collection that is found by its path; None for another."""
    from benchmark.collections import catalogue

    path = Path(name).expanduser()
    return str(path.resolve()) if path.exists() and not catalogue.entry(name) else None


def announced(spec: CollectionSpec, split: str) -> str:
    """What is about to be fetched and under which licence."""
    part = spec.splits.get(split)
    if part is None:
        return f"{spec.name}: licence {spec.licence}"
    runs = sum(run.bytes or 0 for run in part.runs.values() if run.url)
    sizes = [f"{in_units(part.bytes)} of data" if part.bytes else "", f"{in_units(runs)} of runs" if runs else ""]
    said = ", ".join(size for size in sizes if size) or "size not stated"
    return f"{spec.name}: {part.queries:,} topics, {part.documents:,} documents, {said}, licence {spec.licence}"


def in_units(size: int) -> str:
    """Bytes as a person says them."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return f"{size / 1000:.1f} kB"
