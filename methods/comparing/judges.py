"""Which passage of a set is best: by what the model writes, by its next token, by its attention."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmark.backbones.attention.prompt import Prompt as AttentionPrompt
from benchmark.backbones.language import Answer, Encoded, Prompt
from benchmark.backbones.packing import batches
from benchmark.errors import UserError
from methods.base import Candidate
from methods.comparing.question import Question
from methods.in_context.layout import IcrLayout
from methods.in_context.scoring import HeadSum, masked_document_sums
from methods.listwise.passages import fitted

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone

Judgement = Sequence[int]
"""Places of a set's passages, best first. Only the first, where a model names no more; empty, where it names none."""


class Judge(ABC):
    """Ranks sets of passages."""

    @abstractmethod
    def ready(self, largest: int) -> None:
        """UserError where sets of up to ``largest`` passages cannot be judged."""

    @abstractmethod
    def __call__(self, query: str, sets: Sequence[Sequence[Candidate]]) -> list[Judgement]:
        """A judgement of each set, whose passages are shown in the given order; one call of the engine."""


@dataclass(frozen=True)
class Asking:
    """Makes prompts.

    Attributes:
        context: most tokens of prompt and answer; None: not known. words: of a passage, at most.
    """

    backbone: Backbone
    question: Question
    words: int
    context: int | None

    def encoded(self, query: str, passages: Sequence[Candidate], room: int) -> Encoded:
        """The prompt about these passages, which are cut until ``room`` tokens are left free; see `fitted`."""

        def encode(words: int) -> Encoded:
            texts = [first_words(passage.text, words) for passage in passages]
            asked = Prompt(self.question.messages(query, texts), self.question.opening, self.question.thinking)
            return self.backbone.language.encode(asked)

        return fitted(encode, self.words, None if self.context is None else self.context - room, len(passages))


class Generation(Judge):
    """The passage whose label the model writes; faulty answers are counted by the backbone's meter."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._question = asking.question

    def ready(self, largest: int) -> None:
        """See `Judge.ready`."""
        del largest
        language = self._asking.backbone.language
        language.require("generate")
        language.encode(Prompt(self._question.messages("?", ["?", "?"]), self._question.opening))

    def __call__(self, query: str, sets: Sequence[Sequence[Candidate]]) -> list[Judgement]:
        """See `Judge.__call__`."""
        backbone, limit = self._asking.backbone, self._question.limit
        prompts = [self._asking.encoded(query, passages, limit) for passages in sets]
        found: list[Judgement] = []
        for answer, passages in zip(
            backbone.language.generate(prompts, limit, stop=self._question.stop), sets, strict=True
        ):
            verdict = self._question.read(answer.text, len(passages))
            # Where nothing ends an answer, there is room for the label alone, and it is always cut behind it.
            cut = bool(verdict.faults) and answer.cut and self._question.stop is not None
            backbone.meter.answered(verdict.faults | ({"cut"} if cut else set()))
            found.append(() if verdict.place is None else (verdict.place,))
        return found


class Likelihood(Judge):
    """Passages by the probability of their labels as the next token."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._question = asking.question

    def ready(self, largest: int) -> None:
        """See `Judge.ready`."""
        language = self._asking.backbone.language
        language.require("next_token")
        language.check_answers(self._answers(largest))
        language.encode(Prompt(self._question.messages("?", ["?", "?"]), self._question.opening))

    def __call__(self, query: str, sets: Sequence[Sequence[Candidate]]) -> list[Judgement]:
        """See `Judge.__call__`."""
        prompts = [self._asking.encoded(query, passages, 0) for passages in sets]
        # Labels beyond a smaller set's own change its probabilities by a common factor, which moves no place.
        answers = self._answers(max(map(len, sets)))
        rows = self._asking.backbone.language.next_token(prompts, answers)
        return [by_score(row[: len(passages)]) for row, passages in zip(rows, sets, strict=True)]

    def _answers(self, count: int) -> list[Answer]:
        return [(label, f" {label}") for label in self._question.labels(count)]


class Attention(Judge):
    """Passages by the attention the query pays them, less what a content-free query pays (ICR, arXiv 2410.02642).

    Args:
        layers: first and last one, inclusive; None: all. words: of a passage, at most.
    """

    def __init__(self, backbone: Backbone, layout: IcrLayout, layers: tuple[int, int] | None, words: int) -> None:
        self._backbone = backbone
        self._layout = layout
        self._layers = layers
        self._words = words

    def ready(self, largest: int) -> None:
        """See `Judge.ready`."""
        del largest
        depth = self._backbone.attention.layers
        if self._layers is not None and self._layers[1] >= depth:
            first, last = self._layers
            raise UserError(f"layers={first}-{last}: backbone '{self._backbone.name}' has layers 0-{depth - 1}.")

    def __call__(self, query: str, sets: Sequence[Sequence[Candidate]]) -> list[Judgement]:
        """See `Judge.__call__`."""
        reader = self._backbone.attention
        heads = reader.all_heads(*(self._layers or ()))
        readings = [
            self._layout.read(
                self._backbone,
                query,
                [Candidate(passage.docid, first_words(passage.text, self._words)) for passage in passages],
            )
            for passages in sets
        ]
        prompts = [AttentionPrompt(reading.prefix, [reading.query, reading.content_free]) for reading in readings]
        sums = [HeadSum() for _ in prompts]
        for batch in batches([len(prompt) for prompt in prompts]):
            reader.read_batch([prompts[number] for number in batch], heads, [sums[number] for number in batch])
        return [
            by_score(masked_document_sums(found.total[0] - found.total[1], reading.documents).tolist())
            for found, reading in zip(sums, readings, strict=True)
        ]


def by_score(scores: Sequence[float]) -> list[int]:
    """Places by falling score; equal ones as they are shown."""
    return sorted(range(len(scores)), key=lambda place: -scores[place])


def first_words(text: str, words: int) -> str:
    """The first ``words`` words with single spaces between them; a text that has no more stays as it is."""
    parts = text.split()
    return text if len(parts) <= words else " ".join(parts[:words])
