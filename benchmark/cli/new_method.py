"""``rerankbench new-method NAME``."""

from __future__ import annotations

import click


@click.command()
@click.argument("name")
def command(name: str) -> None:
    """Make the folder of a method called NAME, with a card and a test, that passes as it is."""
    from benchmark.contributing.scaffold import checkout, new_method

    root = checkout()
    folder, *files = new_method(name, root)
    for path in files:
        click.echo(str(path.relative_to(root)))
    click.echo(f"Next: rerankbench check {folder.relative_to(root)}", err=True)
