"""Pairwise ranking prompting: which of two passages is more relevant, asked in both orders (arXiv 2306.17563)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import model_validator

from benchmark.backbones.language import Message
from methods.base import Candidate, by_rank
from methods.comparing.judges import Judgement
from methods.comparing.method import Comparing, ComparingOptions
from methods.comparing.question import CHAT_TOKENS, Question, letters, named, read_letter, read_named
from methods.sorting.bubblesort import bubblesort, sliding
from methods.sorting.comparing import Pair, knockout
from methods.sorting.heapsort import heapsort
from methods.sorting.pairs import all_pairs

CHAT_SYSTEM = (
    "You are RankGPT, an intelligent assistant specialized in selecting the most relevant passage from a pair of "
    "passages based on their relevance to the query."
)


class PairwiseOptions(ComparingOptions):
    """Options of pairwise ranking prompting."""

    framework: Literal["allpairs", "heapsort", "bubblesort", "sliding"] = "heapsort"
    """All pairs for points; a heap; passes that skip what cannot have changed; or whole passes (PRP-Sliding-K).
    The option k is the number of passes there."""
    prompt: Literal["label", "chat"] = "label"
    """Whether the answer is begun for the model, so that only a label is missing; or not."""

    @model_validator(mode="after")
    def _chat_is_written(self) -> PairwiseOptions:
        if self.prompt == "chat" and self.mechanism != "generation":
            raise ValueError("prompt=chat is for mechanism=generation: the label is not the next token")
        return self

    @model_validator(mode="after")
    def _k_is_for_sorting(self) -> PairwiseOptions:
        if self.framework == "allpairs" and self.k != type(self).model_fields["k"].default:
            raise ValueError("k has no meaning with framework=allpairs, which gives every document its points")
        return self


class Pairwise(Comparing[PairwiseOptions]):
    """Ranks by comparisons of two documents, each asked in both orders; where the answers disagree it is a tie."""

    options_class = PairwiseOptions
    largest = 2

    def question(self) -> Question:
        """The paper's, which is the official code's."""
        if self.options.prompt == "label":
            return Question(more_relevant, letters, read_letter, limit=1)

        def messages(query: str, texts: Sequence[str]) -> tuple[Message, ...]:
            return (Message("system", CHAT_SYSTEM), *more_relevant(query, texts))

        return Question(messages, letters, read_named, CHAT_TOKENS, opening="", stop=named)

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`. All pairs: the points; else ``n - rank``."""
        asked, shown = self.prepared(query, candidates)
        count, k = len(candidates), self.options.k

        def prefer(pairs: Sequence[Pair]) -> list[int]:
            both = [order for one, other in pairs for order in ((one, other), (other, one))]
            judgements = self.judgements(asked, shown, both)
            return [outcome(*judgements[place : place + 2]) for place in range(0, len(both), 2)]

        match self.options.framework:
            case "allpairs":
                return all_pairs(count, prefer)
            case "heapsort":
                return by_rank(heapsort(count, 2, k, knockout(prefer)))
            case "bubblesort":
                order = bubblesort(count, 1, k, knockout(prefer))
                # The official code keeps first-stage order behind the first k, whatever the passes did there.
                return by_rank([*order[:k], *sorted(order[k:])])
            case "sliding":
                return by_rank(sliding(count, k, knockout(prefer)))


def outcome(straight: Judgement, swapped: Judgement) -> int:
    """1 where the first passage wins in both orders, -1 where the second does, else 0."""
    if not straight or not swapped or straight[0] == swapped[0]:
        return 0
    return 1 if straight[0] == 0 else -1


def more_relevant(query: str, texts: Sequence[str]) -> tuple[Message, ...]:
    """The prompt (arXiv 2306.17563, appendix; ielab/llm-rankers @ f6fb0dc, ``pairwise.py``)."""
    one, other = texts
    return (
        Message(
            "user",
            f'Given a query "{query}", which of the following two passages is more relevant to the query?\n\n'
            f'Passage A: "{one}"\n\nPassage B: "{other}"\n\nOutput Passage A or Passage B:',
        ),
    )
