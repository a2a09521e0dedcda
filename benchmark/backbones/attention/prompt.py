"""What methods hand to a reader. Types only: the framework is not imported for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.backbones.prompt import Span


@dataclass(frozen=True)
class Branch:
    """One continuation of the prefix.

    Attributes:
        ids: its tokens, at least one.
        rows: which of them are read, as a range within ``ids``.
    """

    ids: Sequence[int]
    rows: Span


@dataclass(frozen=True)
class Prompt:
    """A prefix with its continuations.

    Attributes:
        prefix: token ids shared by all branches, at least one.
        branches: at least one.
    """

    prefix: Sequence[int]
    branches: Sequence[Branch]

    def __len__(self) -> int:
        return len(self.prefix) + max(len(branch.ids) for branch in self.branches)
