"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmark.backbones.catalogue import Selected
from benchmark.errors import UserError
from benchmark.harness.provenance import usable_cores


class ResultsType(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """A results folder as a path; or a URL of fsspec's (s3://, gs://, memory://) as it was typed."""

    name = "folder or URL"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path | str:
        """See the class."""
        from benchmark.harness.places import is_url

        if isinstance(value, str) and is_url(value):
            return value
        text = value.removeprefix("file://") if isinstance(value, str) else value
        path: Path = click.Path(file_okay=False, path_type=Path).convert(text, param, ctx)
        return path


RESULTS = ResultsType()

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def backbone_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--backbone-threads``, ``--dtype`` and ``--accept-terms``."""
    for decorate in (
        click.option(
            "--backbone-threads",
            "threads",
            type=click.IntRange(min=1),
            default=usable_cores,
            show_default="all processors",
            help="Threads the backbone computes with.",
        ),
        click.option(
            "--dtype",
            type=click.Choice(["float32", "bfloat16", "float16"]),
            default=None,
            show_default="the catalogue's",
            help="Number format of the backbone's weights.",
        ),
        click.option(
            "--accept-terms",
            is_flag=True,
            help="You have read and accept the backbone's terms of use, where it has any.",
        ),
    ):
        function = decorate(function)
    return function


def deterministic_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """``--deterministic``."""
    option: Decorator = click.option(
        "--deterministic",
        is_flag=True,
        help="Hold torch to algorithms that give the same bytes every time; an operation that has none is an error.",
    )
    return option(function)


def prepared(selected: Selected, accept_terms: bool) -> Any:
    """Folder of a backbone's weights, fetched if need be, with a line on standard error for what takes time."""
    from benchmark.backbones.sources import prepare

    return prepare(selected, accept_terms=accept_terms, report=lambda line: click.echo(line, err=True))


def key_values(options: tuple[str, ...], name: str = "--option") -> dict[str, str]:
    """Repeated ``--option key=value`` as a mapping; UserError naming each that has no ``=``."""
    values: dict[str, str] = {}
    problems = []
    for option in options:
        key, equals, value = option.partition("=")
        if not equals or not key.strip():
            problems.append(f"{name} '{option}': expected KEY=VALUE.")
        elif key.strip() in values:
            problems.append(f"{name} '{option}': {key.strip()} was given before.")
        values[key.strip()] = value
    if problems:
        raise UserError(problems)
    return values


def option_values(options: tuple[str, ...]) -> dict[str, Any]:
    """The same with values as a shell's user means them: numbers, lists, true and false; see `shell_values.typed`."""
    from benchmark.shell_values import typed

    return typed(key_values(options))
