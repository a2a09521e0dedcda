"""Which cells ``rerankbench run`` and ``rerankbench time`` are about: the options, and the cells that they ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmark.cli.options import option_values, prepared

if TYPE_CHECKING:
    from benchmark.backbones.spec import DType
    from benchmark.harness.plan import Planned


@dataclass(frozen=True)
class Selection:
    """The suite, and what is taken of it or put in its place, as typed."""

    suite: str
    methods: tuple[str, ...]
    backbones: tuple[str, ...]
    collections: tuple[str, ...]
    options: tuple[str, ...]
    depth: int | None

    def cells(self, *, dtype: DType | None, accept_terms: bool, note: Callable[[str], None]) -> list[Planned]:
        """The cells, with their backbones fetched.

        Args:
            dtype, accept_terms: of `options.backbone_options`.
            note: told of collections and cells that are left out.

        Raises:
            UserError: something is asked for that is not there.
        """
        from benchmark import suites
        from benchmark.harness.plan import plan, select

        held = suites.to_run(self.suite, self.collections, note)
        options = option_values(self.options)
        chosen = select(held, self.methods, self.backbones, self.collections, self.depth, options)
        file = self.suite if Path(self.suite).suffix else None
        return plan(chosen, lambda selected: prepared(selected, accept_terms), dtype=dtype, typed=file, note=note)


def selection_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a `Selection`, which the command gets as ``selection``."""

    @wraps(function)
    def command(**given: Any) -> Any:
        selection = Selection(**{field.name: given.pop(field.name) for field in fields(Selection)})
        return function(selection=selection, **given)

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
        command = decorate(command)
    return command
