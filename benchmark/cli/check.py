"""``rerankbench check methods/NAME``."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import backbone_options, prepared

if TYPE_CHECKING:
    from methods.registry import Plugin


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--demo/--no-demo", default=True, show_default=True, help="Also run the method on the demo collection.")
@click.option("--backbone", default="smollm2-135m-instruct", show_default=True, help="For the demo.")
@backbone_options
def command(folders: tuple[Path, ...], demo: bool, backbone: str, threads: int, dtype: Any, accept_terms: bool) -> None:
    """Check the methods in FOLDERS and print what is missing; the exit status is 2 if something is."""
    from benchmark.contributing.check import check, plugin_in
    from benchmark.contributing.scaffold import checkout
    from benchmark.errors import UserError

    root = checkout()
    plugins = [plugin_in(folder) for folder in folders]
    problems = []
    for plugin in plugins:
        found = check(
            plugin,
            root,
            (lambda plugin: _demo(plugin, backbone, threads, dtype, accept_terms)) if demo else None,
        )
        for what, lines in (("passed", found.passed), ("missing", found.missing), ("advice", found.advice)):
            for line in lines:
                click.echo(f"{plugin.name}: {what}: {line}")
        problems += [f"{plugin.name}: {problem}" for problem in found.missing]
    if problems:
        raise UserError(f"{len(problems)} to mend before it can be sent.")


def _demo(plugin: Plugin, backbone: str, threads: int, dtype: Any, accept_terms: bool) -> str:
    """Run the method's default on the demo suite's collection; UserError if it cannot be run or a query fails."""
    from rich.console import Console

    from benchmark import suites
    from benchmark.cli.progress import RunProgress
    from benchmark.errors import UserError
    from benchmark.harness.plan import plan, select
    from benchmark.harness.runner import Execution, require_complete, run_cells
    from benchmark.harness.store import read_cells

    suite = select(suites.find("demo"), [plugin.name], [backbone], [], None)
    cells = plan(suite, lambda selected: prepared(selected, accept_terms), dtype=dtype)
    with tempfile.TemporaryDirectory() as folder, RunProgress(cells, Console(stderr=True)) as progress:
        require_complete(run_cells(cells, Path(folder), Execution(threads), progress))
        done = read_cells(Path(folder))
    failed = [record.failure.message for cell in done for record in cell.records if record.failure]
    if failed:
        raise UserError(f"{len(failed)} queries failed, the first with: {failed[0]}.")
    scores = [
        f"{cell.request.method.preset} {cell.summary.metrics.mean['nDCG@10']:.3f}" for cell in done if cell.summary
    ]
    return f"demo suite, nDCG@10: {', '.join(scores)}"
