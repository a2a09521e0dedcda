"""``rerankbench submit RESULTS...``."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.options import key_values

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("results", nargs=-1, required=True, type=FOLDER)
@click.option("--out", type=FOLDER, default=Path("submissions"), show_default=True, help="Folder of all submissions.")
@click.option("--contact", required=True, help="Whom to ask about it, such as a GitHub name. It is published.")
@click.option("--licence", default="CC-BY-4.0", show_default=True, help="Licence of the run files (SPDX).")
@click.option(
    "--training-data",
    multiple=True,
    metavar="NAME[:SPLIT]",
    help="A collection that method or backbone were trained on (repeatable); what artefacts say is added.",
)
@click.option(
    "--artefact", "artefacts", multiple=True, metavar="OPTION=URL", help="Where an artefact can be had (repeatable)."
)
def command(
    results: tuple[Path, ...],
    out: Path,
    contact: str,
    licence: str,
    training_data: tuple[str, ...],
    artefacts: tuple[str, ...],
) -> None:
    """Pack the finished cells of RESULTS (results folders or single cells), one submission a method and backbone."""
    from pydantic import ValidationError

    from benchmark.errors import UserError
    from benchmark.schema import explain
    from benchmark.submissions import pack
    from benchmark.submissions.record import Submission
    from benchmark.submissions.validate import check

    cells, unfinished = pack.finished_cells(results)
    try:
        packed = pack.submissions(
            cells, contact=contact, licence=licence, training_data=training_data, urls=key_values(artefacts)
        )
    except ValidationError as error:
        raise UserError(explain(error, Submission)) from None
    pack.refuse_existing(packed, out)
    for cell in unfinished:
        click.echo(f"{cell.folder}: note: not finished, left out.", err=True)
    problems = []
    for submission, of_it in packed:
        folder = pack.write(submission, of_it, out)
        report = check(folder)
        problems += [f"{folder}: {problem}" for problem in report.problems]
        for flag in report.flags:
            click.echo(f"{folder}: note: {flag}", err=True)
        click.echo(str(folder))
    if problems:
        raise UserError([*problems, "These would be refused. Mend the runs, remove the folders and submit again."])
