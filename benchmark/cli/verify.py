"""``rerankbench verify SUBMISSION``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from benchmark.cli.options import key_values, prepared
from benchmark.harness.provenance import usable_cores

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.argument("submission", type=FOLDER)
@click.option("--sample", "size", type=click.IntRange(min=1), default=20, show_default=True, help="Queries a run.")
@click.option("--all", "whole", is_flag=True, help="Every query, for the level 'reproduced'.")
@click.option("--seed", show_default="the commit that brought SUBMISSION", help="What the sample follows from.")
@click.option("--by", required=True, metavar="NAME", help="Who signs the record.")
@click.option("--run", "runs", multiple=True, metavar="FILE", help="Only this run, named as its files (repeatable).")
@click.option("--backbone", metavar="NAME", help="Where this machine has the weights, if not under their own name.")
@click.option("--artefact", "artefacts", multiple=True, metavar="OPTION=FOLDER", help="A fetched one (repeatable).")
@click.option("--records", type=FOLDER, show_default="records, beside the submission", help="Where the record goes.")
@click.option("--backbone-threads", "threads", type=click.IntRange(min=1), default=usable_cores, help="Threads.")
@click.option("--accept-terms", is_flag=True, help="You have read and accept the backbone's terms of use, if any.")
def command(
    submission: Path,
    size: int,
    whole: bool,
    seed: str | None,
    by: str,
    runs: tuple[str, ...],
    backbone: str | None,
    artefacts: tuple[str, ...],
    records: Path | None,
    threads: int,
    accept_terms: bool,
) -> None:
    """Run a random sample of SUBMISSION's queries again, and write down whether the scores agree.

    This runs the method: only with code that was read, or where it can do no harm. The exit status is 2 if scores
    differ.
    """
    from datetime import date

    from benchmark.errors import UserError
    from benchmark.harness import provenance
    from benchmark.hashing import sha256_file
    from benchmark.schema import parse
    from benchmark.submissions.record import DESCRIPTION, RECORDS, Verification
    from benchmark.submissions.trust import write_record
    from benchmark.submissions.validate import check
    from benchmark.submissions.verify import Here, verify

    report = check(submission)
    if report.submission is None or report.problems:
        raise UserError(report.problems)
    if seed is None and (commit := provenance.commit_of(submission.resolve())):
        seed = f"commit {commit}"
    if seed is None:
        raise UserError(
            f"{submission}: not committed as it stands, and the sample follows from the commit that brought it. Merge "
            "it first; or give --seed, which the record will say that you chose."
        )
    chosen = [checked for checked in report.runs if not runs or checked.run.file in runs]
    if not chosen:
        raise UserError(f"{submission}: has no run '{runs[0]}'. It has {', '.join(c.run.file for c in report.runs)}.")
    folders = {option: Path(path) for option, path in key_values(artefacts).items()}
    here = Here(lambda selected: prepared(selected, accept_terms), threads, backbone, folders)
    tolerance = report.submission.tolerance
    found: list[Any] = []
    for checked in chosen:
        verified = verify(checked, seed, len(checked.records) if whole else size, tolerance, here)
        found.append(verified)
        agreeing = verified.sample - len(verified.differences)
        click.echo(f"{checked.run.file}: {agreeing} of {verified.sample} queries agree ({verified.queries} in all).")
        if verified.ndcg10:
            click.echo(
                "{}: nDCG@10 {:.4f} as submitted, {:.4f} in the re-run.".format(checked.run.file, *verified.ndcg10)
            )
        for note in verified.notes:
            click.echo(f"{checked.run.file}: note: {note}", err=True)
    values = {
        "submission": report.name,
        "submission_sha256": sha256_file(submission / DESCRIPTION),
        "by": by,
        "date": date.today(),
        "seed": seed,
        "tolerance": tolerance,
        "runs": found,
    }
    record = parse(Verification, values, "the record")
    click.echo(f"Record: {write_record(record, records or submission.parent / RECORDS)}")
    differing = [
        f"{checked.run.file}: '{difference.qid}': {difference.reason}."
        for checked, verified in zip(chosen, found, strict=True)
        for difference in verified.differences
    ]
    if differing:
        raise UserError(differing)
