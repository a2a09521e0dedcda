"""The plugin interface: what a re-ranking method is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from benchmark.schema import Strict

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone


@dataclass(frozen=True)
class Candidate:
    """One document of a first-stage list.

    Attributes:
        docid: its identifier.
        text: its text, without the title.
        title: its title; None or empty where it has none.
        score: the first stage's score, where known.
    """

    docid: str
    text: str
    title: str | None = None
    score: float | None = None


@dataclass(frozen=True)
class Example:
    """One training query for methods that are fitted.

    Attributes:
        query: its text.
        candidates: in first-stage order.
        grades: judgement of each candidate, 0 for unjudged ones.
    """

    query: str
    candidates: Sequence[Candidate]
    grades: Sequence[int]


class Options(Strict):
    """Base of every method's options: frozen, typed, unknown keys refused."""


OptionsT = TypeVar("OptionsT", bound=Options)


class Method(ABC, Generic[OptionsT]):
    """A re-ranking method.

    A subclass sets ``options_class`` and implements `rerank`. What it needs from an LLM (attention, logits, ...) it
    takes from ``self.backbone`` and never loads a model itself; whether it needs one at all is declared in its card.

    Args:
        options: validated options.
        backbone: the loaded LLM, None for methods that need none.
    """

    options_class: ClassVar[type[Options]] = Options

    def __init__(self, options: OptionsT, backbone: Backbone | None) -> None:
        self.options = options
        self._backbone = backbone

    @property
    def backbone(self) -> Backbone:
        """The loaded LLM; RuntimeError for a method whose card says that it needs none."""
        if self._backbone is None:
            raise RuntimeError(f"{type(self).__name__} was made without a backbone; its card must say what it needs")
        return self._backbone

    @abstractmethod
    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """Score the candidates of one query.

        Args:
            query: its text.
            candidates: in first-stage order, best first; may be empty.

        Returns:
            One finite score per candidate, in input order; higher is better. The harness sorts, and settles ties in
            first-stage order.

        Raises:
            QueryError: this query cannot be scored; say why.
        """

    def fit(self, examples: Sequence[Example]) -> None:
        """Learn from judged training queries; only for methods whose card says that they are fitted."""
        raise NotImplementedError(f"{type(self).__name__} has nothing to fit")
