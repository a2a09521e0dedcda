"""``rerankbench regress [CONDITION]...``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from benchmark.regression.record import Condition, Expected


@click.command()
@click.argument("names", nargs=-1, metavar="[CONDITION]...")
@click.option(
    "--update",
    is_flag=True,
    help="Take what is measured now as expected: where it changed, and of every CONDITION that is named.",
)
@click.option("--reason", help="Why it changed; kept in the ledger.")
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Write what was found as Markdown.")
@click.option(
    "--ledger", type=click.Path(exists=True, file_okay=False, path_type=Path), help="Another ledger's folder."
)
@click.option(
    "--backbone-threads", "threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads."
)
def command(
    names: tuple[str, ...], update: bool, reason: str | None, summary: Path | None, ledger: Path | None, threads: int
) -> None:
    """Run the ledger's conditions again and fail on a score, token or pass that changed, or memory beyond its band.

    Seconds are shown with their ratio to the reference, where that was made on the same processor, and never fail.
    """
    from datetime import UTC, datetime

    from benchmark.errors import UserError
    from benchmark.names import unknown
    from benchmark.regression.measure import compare, updated
    from benchmark.regression.record import LEDGER, read, write
    from benchmark.regression.report import markdown

    if bool(reason) != update or (update and len(reason or "") < 10):
        raise UserError("--update and --reason belong together, and a reason has at least ten characters.")
    folder = ledger or LEDGER
    known = read(folder)
    for name in names:
        if name not in known:
            raise unknown("condition", name, known)
    outcomes = []
    for condition in [known[name] for name in names or known]:
        outcome = compare(condition, _measured_apart(condition, threads))
        outcomes.append(outcome)
        ratio = "" if outcome.ratio is None else f", {outcome.ratio:.2f} of the reference"
        verdict = "changed" if outcome.changes else "as expected"
        click.echo(f"{condition.name}: {verdict} ({outcome.measured.seconds:.2f} s{ratio})")
        if update and (outcome.changes or names):
            write(updated(condition, outcome.measured, str(reason), datetime.now(UTC).date()), folder)
            click.echo(f"{condition.name}: updated")
    if summary:
        summary.write_text(markdown(outcomes), encoding="utf-8")
    changes = [f"{outcome.condition.name}: {change}." for outcome in outcomes for change in outcome.changes]
    if changes and not update:
        raise UserError([*changes, "If this is meant: rerankbench regress --update --reason '...'."])


def _measured_apart(condition: Condition, threads: int) -> Expected:
    """Measured in a process of its own, so that memory is this condition's alone."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, condition, threads).result()


def _measured(condition: Condition, threads: int) -> Expected:
    from benchmark.cli.options import prepared
    from benchmark.regression.measure import measure

    return measure(condition, lambda selected: prepared(selected, accept_terms=False), threads)
