"""What makes pages gets a `Site` and gives groups of files; what builds the site makes those that changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from benchmark.backbones.spec import BackboneSpec
from benchmark.regression.record import Condition
from leaderboard.export import DataTable, table_files
from leaderboard.family import FamilyTable
from leaderboard.output import Content
from leaderboard.rows import Section
from leaderboard.versus import Neighbours
from methods.card import Card


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
        base_url: where the site will be, without a slash at its end; empty: not known.
        neighbours: tests of runs with their neighbours in rank.
    """

    sections: tuple[Section, ...]
    families: tuple[FamilyTable, ...]
    cards: Mapping[str, Card]
    backbones: Mapping[str, BackboneSpec]
    ledger: Sequence[Condition]
    changelog: str
    refused: tuple[Refused, ...]
    base_url: str
    neighbours: Neighbours = field(default_factory=Neighbours)


class Group(Protocol):
    """Files that are made or kept together.

    Attributes:
        path: of the first of them, relative to the root of the site.
        depends: text that changes with everything they show besides templates and code.
        batch: groups of the same batch are made one after the other, and so share what they read; empty: of none.
    """

    @property
    def path(self) -> str:
        """See above."""
        ...

    @property
    def depends(self) -> str:
        """See above."""
        ...

    @property
    def batch(self) -> str:
        """See above."""
        ...

    def files(self) -> Mapping[str, Content]:
        """Content by path; called only if they are not there yet or something changed."""
        ...


@dataclass(frozen=True)
class Page:
    """One page, or one other file, with the data of its tables.

    Attributes:
        path, depends, batch: see `Group`; render: its text; tables: what is written beside it.
    """

    path: str
    depends: str
    render: Callable[[], Content]
    tables: Callable[[], Sequence[DataTable]] = tuple
    batch: str = ""

    def files(self) -> Mapping[str, Content]:
        """The page and the data of its tables."""
        return {self.path: self.render(), **table_files(self.tables())}
