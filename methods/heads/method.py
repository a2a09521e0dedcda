"""The method that QRHead and CoRe are: chosen heads, calibrated scores; prompt and detection are left open."""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Generic, Literal, TypeVar

import torch
from pydantic import Field
from torch import Tensor

from benchmark.artefacts import TrainingData, rounded
from benchmark.errors import QueryError, UserError
from methods.base import Candidate, Example, Fitted, Method, Options
from methods.heads.choice import Choice, HeadOptions
from methods.heads.detection import ranked_heads
from methods.heads.notation import Head, by_layer, format_heads
from methods.heads.scorer import calibrated_scores
from methods.heads.tables import HeadScorer, HeadScores, Layout

FEWEST = 4
"""Training queries without which no head can be told from another by more than luck."""


class DetectionSettings(Options):
    """How heads are detected."""

    arrange: Literal["shuffled", "given"] = "shuffled"
    """Order of the candidates in the prompts: mixed, so that no head gains by where the first stage puts relevant
    documents, or as given."""
    seed: int = 42
    """Of the mixing."""
    queries: int = Field(default=0, ge=0)
    """Training queries that are used, the first ones; 0: all."""


OptionsT = TypeVar("OptionsT", bound=HeadOptions)
SettingsT = TypeVar("SettingsT", bound=DetectionSettings)


class HeadMethod(Method[OptionsT], Generic[OptionsT, SettingsT]):
    """Calibrated attention of chosen heads, masked after summing."""

    fit_option = "heads"

    @abstractmethod
    def layout(self) -> Layout:
        """The prompt that is scored."""

    @abstractmethod
    def detection_layout(self, settings: SettingsT) -> Layout:
        """The prompt in which heads are detected."""

    @abstractmethod
    def detect(
        self, scores: Sequence[HeadScores], grades: Sequence[Sequence[int]], settings: SettingsT
    ) -> tuple[str, Tensor]:
        """How well each head ranks alone: by what measure, and ``[layers, heads]``."""

    def layers(self) -> int:
        """Layers that exist for this method; those above are never run."""
        return self.backbone.attention.layers

    @cached_property
    def _choice(self) -> Choice:
        return self.options.choice(self.backbone, self.layers())

    @cached_property
    def heads(self) -> list[Head]:
        """The heads that are read; UserError for heads that are not known, or not of this model."""
        options = self.options
        heads = self._choice.heads(options.number(self.backbone), self.layers())
        self.backbone.attention.check(by_layer(heads))
        return heads

    def ready(self) -> None:
        """See `Method.ready`."""
        _ = self.heads

    def learnt_from(self) -> list[TrainingData | str]:
        """See `Method.learnt_from`."""
        data = self._choice.learnt_from
        return [] if data is None else [data]

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`."""
        if not candidates:
            return []
        reading = self.layout().read(self.backbone, query, candidates)
        return calibrated_scores(self.backbone, reading, self.heads)

    def fit(
        self,
        examples: Sequence[Example],
        settings: Options,
        kept: Path | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Fitted:
        """See `Method.fit`: one calibrated pass a query, then the method's rule."""
        assert isinstance(settings, DetectionSettings)
        chosen: SettingsT = settings  # type: ignore[assignment]  # checked by the line above
        used = examples[: chosen.queries or None]
        scorer = HeadScorer(self.backbone, kept)
        tables = arranged_tables(scorer, self.detection_layout(chosen), used, chosen, progress)
        measure, table = self.detect(tables, [example.grades for example in used], chosen)
        best = ranked_heads(table, self.layers())[: self.options.number(self.backbone)]
        return Fitted(
            heads=tuple(format_heads([head]) for head in best),
            measure=measure,
            table=rounded(table),
            facts={"queries": len(used), "tables_made": scorer.made},
        )


def arranged_tables(
    scorer: HeadScorer,
    layout: Layout,
    examples: Sequence[Example],
    settings: DetectionSettings,
    progress: Callable[[int], None],
) -> list[HeadScores]:
    """Tables of training queries, documents in the order of each example's candidates.

    Mixing draws from one stream over all queries, as QRHead's script does.

    Raises:
        UserError: fewer examples than `FEWEST`, or one that cannot be read.
    """
    if len(examples) < FEWEST:
        raise UserError(
            f"{len(examples)} training queries have a relevant and another candidate; at least {FEWEST} are needed. "
            "Use a larger collection, or a greater --depth."
        )
    stream = random.Random(settings.seed)
    tables = []
    for number, example in enumerate(examples, 1):
        order = list(range(len(example.candidates)))
        if settings.arrange == "shuffled":
            stream.shuffle(order)
        try:
            found = scorer.scores(layout, example.query, [example.candidates[index] for index in order])
        except QueryError as error:
            raise UserError(
                f"Training query '{example.query}' cannot be read: {error}. Where it is too long, lower the depth or "
                "the number of words kept of a passage."
            ) from error
        back = torch.tensor(order).argsort()
        tables.append(HeadScores(found.raw[..., back], found.calibrated[..., back]))
        progress(number)
    return tables
