"""``rerankbench leaderboard build|serve``."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.options import RESULTS

SITE = click.Path(file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Build or serve the leaderboard."""


def _sources(function: click.decorators.FC) -> click.decorators.FC:
    """Options that say what is shown."""
    results = click.option("--results", multiple=True, type=RESULTS, help="Results folder or URL (repeatable).")
    submissions = click.option("--submissions", multiple=True, type=SITE, help="Folder of submissions (repeatable).")
    return results(submissions(function))


def _address(context: click.Context, parameter: click.Parameter, value: str) -> str:
    del context, parameter
    if value and not value.startswith(("https://", "http://")):
        raise click.BadParameter("must begin with https:// or http://")
    return value


@command.command()
@_sources
@click.option("--out", type=SITE, default=Path("site"), show_default=True, help="Folder of the page; replaced.")
@click.option("--base-url", default="", callback=_address, help="Where it will be; the feed needs it.")
@click.option("--jobs", type=click.IntRange(min=1), default=2, show_default=True, help="Processes.")
def build(results: tuple[Path | str, ...], submissions: tuple[Path, ...], out: Path, base_url: str, jobs: int) -> None:
    """Write the leaderboard as static files; only what changed is made anew.

    Without --results and --submissions, results is shown.
    """
    from leaderboard.site import build as build_site

    report = build_site(_shown(results, submissions), out, submissions=submissions, base_url=base_url, jobs=jobs)
    for refused in report.refused:
        click.echo(f"{refused.name}: not shown: {refused.problems[0]}", err=True)
    click.echo(f"{report.rows} rows, {report.pages} pages, {report.written} files written. Open {report.index}")


@command.command()
@_sources
@click.option("--out", type=SITE, default=Path("site"), show_default=True, help="Folder of a built page.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
def serve(results: tuple[Path | str, ...], submissions: tuple[Path, ...], out: Path, port: int) -> None:
    """Serve a built leaderboard on this machine only, until Ctrl-C.

    With --results or --submissions it is built first, and again whenever something changes in them; reload the page
    to see it.
    """
    from benchmark.harness.places import at_hand
    from leaderboard.serve import serve as serve_site

    serve_site(out, port, click.echo, [at_hand(folder) for folder in results], submissions)


def _shown(results: tuple[Path | str, ...], submissions: tuple[Path, ...]) -> tuple[Path, ...]:
    from benchmark.harness.places import at_hand

    return tuple(at_hand(folder) for folder in results or (() if submissions else ("results",)))
