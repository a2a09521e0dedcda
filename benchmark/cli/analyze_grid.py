"""``rerankbench analyze grid``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("results", type=click.Path(file_okay=False, path_type=Path), default="results")
def grid(results: Path) -> None:
    """Mechanism by framework: the complete cells in RESULTS (./results by default) as Markdown tables.

    Generation, likelihood and attention stand side by side, for every way to sort; one table for each backbone and
    list of candidates. rerankbench run grid makes the results.
    """
    from benchmark.analysis.grid import grids
    from benchmark.errors import UserError
    from benchmark.harness.store import read_cells

    tables = grids((cell.request, cell.summary) for cell in read_cells(results) if cell.summary is not None)
    if not tables:
        raise UserError(f"{results}: no complete cell of a method that asks a model. Run: rerankbench run grid.")
    click.echo("\n\n".join(table.markdown() for table in tables))
