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
@click.argument("names", nargs=-1, metavar="[COLLECTION[:SPLIT]...]")
@click.option("--suite", "suite_name", default=None, help="Also every collection of this suite.")
def prepare(names: tuple[str, ...], suite_name: str | None) -> None:
    """Fetch collections with their runs, build a BM25 run where that is the default one, look every candidate up.

    Documents and judgements come through ir-datasets or mteb, which download on first use; a run that broke off goes on
    where it stopped.
    """
    from benchmark import suites
    from benchmark.collections import catalogue, manifest, workshop
    from benchmark.collections.runs import NotBuilt

    chosen = [(name.partition(":")[0], name.partition(":")[2] or "test") for name in names]
    depth = workshop.DEPTH
    if suite_name is not None:
        suite = suites.find(suite_name)
        chosen += [(entry.collection, entry.split) for entry in suite.collections]
        depth = max(depth, *suite.depth)
    if not chosen:
        raise UserError("Name collections, or a --suite.")
    for name, split in dict.fromkeys(chosen):
        spec = catalogue.entry(name)
        if spec:
            part = spec.splits.get(split)
            size = f"{part.queries:,} topics, {part.documents:,} documents, " if part else ""
            click.echo(f"{spec.name}: {size}licence {spec.licence}", err=True)
        collection = catalogue.find(name, split)
        try:
            collection.first_stage()
        except NotBuilt:
            built = workshop.build(collection, workshop.BM25, depth)
            click.echo(f"{manifest.key(collection)}: built {built.path.stem}, nDCG@10 {built.ndcg_at_10:.4f}", err=True)
        held = manifest.prepare(collection)
        click.echo(
            f"{manifest.key(collection)}: {held.topics} topics ({held.topics - held.judged} without judgements), "
            f"{held.judgements} judgements, runs: {', '.join(held.runs)}; "
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
