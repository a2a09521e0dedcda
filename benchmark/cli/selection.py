"""Which cells ``rerankbench run`` and ``rerankbench time`` are about: the options, and the cells that they ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import key_values, prepared

if TYPE_CHECKING:
    from benchmark.backbones.spec import DType
    from benchmark.harness.plan import Planned


def selection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The suite, and what is taken of it or put in its place."""
    for decorate in (
        click.option(
            "--depth", type=click.IntRange(min=1), default=None, help="Candidates a query instead of the suite's."
        ),
        click.option(
            "--option",
            "options",
            multiple=True,
            metavar="KEY=VALUE",
            help="An option of the method, on top of its preset (repeatable; needs one --method).",
        ),
        click.option(
            "--collection",
            "collections",
            multiple=True,
            metavar="NAME[:SPLIT[:RUN]]",
            help="This collection instead of the suite's (repeatable).",
        ),
        click.option(
            "--backbone",
            "backbones",
            multiple=True,
            metavar="NAME",
            help="This backbone instead of the suite's (repeatable).",
        ),
        click.option(
            "--method",
            "methods",
            multiple=True,
            metavar="NAME[:PRESET]",
            help="Only this method (repeatable); need not be in the suite.",
        ),
        click.argument("suite"),
    ):
        function = decorate(function)
    return function


def planned_cells(
    suite: str,
    methods: tuple[str, ...],
    backbones: tuple[str, ...],
    collections: tuple[str, ...],
    options: tuple[str, ...],
    depth: int | None,
    *,
    dtype: DType | None,
    accept_terms: bool,
    note: Callable[[str], None],
) -> list[Planned]:
    """The cells of `selection_options`, with their backbones fetched.

    Args:
        dtype, accept_terms: of `options.backbone_options`.
        note: told of collections and cells that are left out.

    Raises:
        UserError: something is asked for that is not there.
    """
    from benchmark import suites
    from benchmark.harness.plan import plan, select
    from benchmark.shell_values import typed

    held = suites.to_run(suite, collections, note)
    chosen = select(held, methods, backbones, collections, depth, typed(key_values(options)))
    file = suite if Path(suite).suffix else None
    return plan(chosen, lambda selected: prepared(selected, accept_terms), dtype=dtype, typed=file, note=note)
