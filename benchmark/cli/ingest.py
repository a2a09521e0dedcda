"""``rerankbench ingest [SUBMISSIONS]``."""

from __future__ import annotations

from pathlib import Path

import click

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("submissions", type=FOLDER, default=Path("submissions"))
@click.option("--only", multiple=True, metavar="NAME", help="Only this submission (repeatable).")
@click.option("--out", type=FOLDER, default=None, help="Write the good ones' runs here as cells.")
@click.option(
    "--records",
    type=FOLDER,
    show_default="records, in SUBMISSIONS",
    help="Maintainers' records; of our own, not theirs.",
)
@click.option("--summary", type=click.Path(dir_okay=False, path_type=Path), help="Write what was found as Markdown.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes.")
def command(
    submissions: Path, only: tuple[str, ...], out: Path | None, records: Path | None, summary: Path | None, jobs: int
) -> None:
    """Check what lies in SUBMISSIONS (default: submissions) and compute every metric anew.

    Nothing of a submission is run. A bad one is named with all its problems, and stops no other; the exit status is 2
    if there was one.
    """
    from benchmark.errors import UserError
    from benchmark.submissions.ingest import accept, check_all, flag_copies, folders, markdown
    from benchmark.submissions.record import RECORDS
    from benchmark.submissions.trust import read_records

    paths = folders(submissions, only)
    verified = read_records(records or submissions / RECORDS)
    reports = list(check_all(paths, jobs))
    flag_copies(reports)
    problems = []
    for report in reports:
        if out:
            accept(submissions, report, verified, out)
        problems += [f"{report.name}: {problem}" for problem in report.problems]
        for flag in report.flags:
            click.echo(f"{report.name}: flag: {flag}", err=True)
    if summary:
        summary.write_text(markdown(reports), encoding="utf-8")
    refused = sum(bool(report.problems) for report in reports)
    click.echo(f"{len(reports)} submissions checked, {refused} refused.")
    if problems:
        raise UserError(problems)
