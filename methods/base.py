"""The plugin interface: what a re-ranking method is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from benchmark.schema import Strict

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.artefacts import TrainingData
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

    @property
    def titled(self) -> str:
        """The text with its title in front and a space between; the text alone where there is no title."""
        return f"{self.title} {self.text}" if self.title else self.text


@dataclass(frozen=True)
class Example:
    """One training query for methods that are fitted.

    Attributes:
        query: its text.
        candidates: in first-stage order.
        grades: judgement of each candidate, 0 for one that is not relevant, -1 for one of which nothing is known.
    """

    query: str
    candidates: Sequence[Candidate]
    grades: Sequence[int]


@dataclass(frozen=True)
class Fitted:
    """What `Method.fit` learnt; the harness makes an artefact of it.

    Attributes:
        heads: best static set of heads, ``layer-head``, best first; empty for a method that chooses none.
        measure, table: how well each head ranks alone, ``[layers][heads]``, and by what; None where it was not asked.
        facts: what came out besides, as JSON.
        tensors: learnt weights by name.
    """

    heads: tuple[str, ...] = ()
    measure: str | None = None
    table: Sequence[Sequence[float]] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict)


def by_rank(order: Sequence[int]) -> list[float]:
    """Scores that put the candidates in this order: ``n - rank``, for methods that know no more.

    Args:
        order: every candidate's place in the given list, from 0, best first.
    """
    scores = [0.0] * len(order)
    for rank, item in enumerate(order):
        scores[item] = float(len(order) - rank)
    return scores


class Options(Strict):
    """Base of every method's options: frozen, typed, unknown keys refused."""

    def artefacts(self) -> dict[str, Path]:
        """Folders of the artefacts these options name, by option; their content becomes part of a result's identity."""
        return {}


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
    fit_settings: ClassVar[type[Options] | None] = None
    """Settings of `fit`; None: nothing to fit."""
    fit_option: ClassVar[str | None] = None
    """The option that takes the folder of an artefact."""

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

    def ready(self) -> None:
        """Check options against the backbone before the first query; nothing to check by default.

        Raises:
            UserError: no query can be scored this way; say why.
        """

    def learnt_from(self) -> list[TrainingData | str]:
        """Data the method was fitted on with these options: of an artefact, or the name of a collection it was
        published for. Results on the same queries or documents are marked."""
        return []

    def fit(
        self,
        examples: Sequence[Example],
        settings: Options,
        kept: Path | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Fitted:
        """Learn from judged training queries; only for methods that set ``fit_settings``.

        Args:
            examples: with at least one relevant and one other candidate each.
            settings: validated ``fit_settings``.
            kept: folder for intermediate results that other fits may use; None: nothing is kept.
            progress: called with the number of examples done.

        Raises:
            UserError: too few examples; say how many are needed.
        """
        raise NotImplementedError(f"{type(self).__name__} has nothing to fit")
