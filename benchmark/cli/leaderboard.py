"""``rerankbench leaderboard build|serve``."""

from __future__ import annotations

from pathlib import Path

import click

from benchmark.cli.options import RESULTS

SITE = click.Path(file_okay=False, path_type=Path)


@click.group()
def command() -> None:
    """Build or serve the leaderboard."""


@command.command()
@click.option(
    "--results",
    multiple=True,
    type=RESULTS,
    default=["results"],
    show_default=True,
    help="Results folder or URL (repeatable).",
)
@click.option("--out", type=SITE, default=Path("site"), show_default=True, help="Folder of the page; replaced.")
def build(results: tuple[Path | str, ...], out: Path) -> None:
    """Write the leaderboard as static files."""
    from benchmark.harness.mirror import at_hand
    from leaderboard.site import build as build_site

    report = build_site([at_hand(folder) for folder in results], out)
    click.echo(f"{report.rows} rows, {report.pages} pages. Open {report.index}", err=False)


@command.command()
@click.option("--out", type=SITE, default=Path("site"), show_default=True, help="Folder of a built page.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one.")
def serve(out: Path, port: int) -> None:
    """Serve a built leaderboard on this machine only, until Ctrl-C."""
    from leaderboard.serve import serve as serve_site

    serve_site(out, port)
