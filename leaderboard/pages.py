"""What makes pages gets a `Site` and gives `Page` objects; what builds the site renders those that changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.backbones.spec import BackboneSpec
from benchmark.regression.record import Condition
from leaderboard.export import DataTable
from leaderboard.family import FamilyTable
from leaderboard.rows import Row, Section
from methods.card import Card


@dataclass(frozen=True)
class DataFile:
    """A file of a run that the site offers; ``size`` in bytes."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Refused:
    """A submission that is not shown, and why."""

    name: str
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Site:
    """Everything that is shown.

    Attributes:
        cards: of the methods that are known here, by name; backbones: the catalogue's, by name.
        ledger: conditions of the regression ledger; changelog: the project's, as Markdown, empty where it is not there.
        data: files of a run.
        base_url: where the site will be, without a slash at its end; empty: not known.
    """

    sections: tuple[Section, ...]
    families: tuple[FamilyTable, ...]
    cards: Mapping[str, Card]
    backbones: Mapping[str, BackboneSpec]
    ledger: Sequence[Condition]
    changelog: str
    refused: tuple[Refused, ...]
    data: Callable[[Row], Sequence[DataFile]]
    base_url: str


@dataclass(frozen=True)
class Page:
    """One page.

    Attributes:
        path: relative to the root of the site.
        depends: text that changes with everything the page shows besides templates and code.
        render: its HTML; called only if the page is not there yet or something changed.
        tables: data of its tables, written beside it.
    """

    path: str
    depends: str
    render: Callable[[], str]
    tables: Callable[[], Sequence[DataTable]] = tuple
