"""``rerankbench data list|prepare|verify``."""

from __future__ import annotations

import click

from benchmark.errors import UserError


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
    for column in ("collection", "split", "from", "topics", "documents", "runs to fetch", "licence", "here"):
        table.add_column(column, overflow="fold")
    families = {spec.family for spec in catalogue.entries().values()}
    if family is not None and family not in families:
        raise UserError(f"Unknown family '{family}'. Known: {', '.join(sorted(families))}.")
    for name, spec in catalogue.entries().items():
        if family not in (None, spec.family):
            continue
        for split, part in spec.splits.items():
            fetched = [run for run in part.runs.values() if run.url]
            size = sum(run.bytes or 0 for run in fetched) / 1e6
            table.add_row(
                name,
                split,
                part.source.kind,
                f"{part.queries:,}",
                f"{part.documents:,}",
                f"{len(fetched)} ({size:.1f} MB)" if fetched else "0",
                spec.licence,
                "yes" if f"{name}:{split}" in held or part.source.kind == "folder" else "",
            )
    output().print(table)


@command.command()
@click.argument("names", nargs=-1, required=True, metavar="COLLECTION[:SPLIT]...")
def prepare(names: tuple[str, ...]) -> None:
    """Fetch collections with their runs, look every candidate up, and note what is there.

    Documents and judgements come through ir-datasets or mteb, which download on first use; a run that broke off goes on
    where it stopped.
    """
    from benchmark.collections import catalogue, manifest

    for name in names:
        collection_name, _, split = name.partition(":")
        spec = catalogue.entry(collection_name)
        if spec:
            part = spec.splits.get(split or "test")
            size = f"{part.queries:,} topics, {part.documents:,} documents, " if part else ""
            click.echo(f"{spec.name}: {size}licence {spec.licence}", err=True)
        collection = catalogue.find(collection_name, split or "test")
        held = manifest.prepare(collection)
        runs = ", ".join(held.runs) or "none: rerankbench first-stage build " + collection_name
        click.echo(
            f"{manifest.key(collection)}: {held.topics} topics, {held.judgements} judgements, runs: {runs}; "
            f"{held.candidates} candidates found in the corpus"
        )


@command.command()
@click.argument("names", nargs=-1, metavar="[COLLECTION[:SPLIT]...]")
def verify(names: tuple[str, ...]) -> None:
    """Compare what is here with what was prepared; without names, everything. Nothing is replaced."""
    from benchmark.collections import catalogue, manifest

    held = manifest.read().held
    chosen = [name if ":" in name else f"{name}:test" for name in names] or list(held)
    missing = [name for name in chosen if name not in held]
    if missing:
        raise UserError([f"{name}: was not prepared here: rerankbench data prepare {name}" for name in missing])
    problems: list[str] = []
    for name in chosen:
        before = held[name]
        try:
            found = manifest.differences(before, catalogue.find(before.collection, before.split))
        except UserError as error:
            found = list(error.problems)
        problems += found
        click.echo(f"{name}: {'damaged' if found else 'as prepared'}")
    if problems:
        raise UserError(problems)
