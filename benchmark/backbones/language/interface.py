"""What every engine offers that can be asked for tokens: a local model, a server, vLLM."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.errors import QueryError, UserError

Role = Literal["system", "user", "assistant"]

Capability = Literal["tokens", "next_token", "vocabulary", "likelihood", "generate", "constraint"]
"""What an engine can do:

``tokens``      it has the tokenizer: prompts have a known length, texts can be cut to a number of tokens
``next_token``  log-probabilities of the next token among given answers
``vocabulary``  the same, normalised over the whole vocabulary
``likelihood``  log-likelihood of given continuations
``generate``    greedy generation
``constraint``  generation restricted to allowed token ids
"""

Over = Literal["answers", "vocabulary"]


@dataclass(frozen=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@dataclass(frozen=True)
class Prompt:
    """A conversation that the assistant is about to answer.

    Attributes:
        messages: the turns so far, the last one the user's.
        opening: what the answer is made to begin with, such as ``[`` or `` Passage:``; counted as prompt.
        thinking: let a model that can reason before it answers do so. Off by default: templates that know the switch
            ``enable_thinking`` are told.
    """

    messages: tuple[Message, ...]
    opening: str = ""
    thinking: bool = False


@dataclass(frozen=True)
class Encoded:
    """A prompt as the engine takes it, tokenised once.

    Attributes:
        prompt: what was asked.
        continuation: a text whose likelihood is wanted; empty for a prompt to be answered.
        ids: token ids of prompt and continuation; None where the engine does not know them.
        start: index of the continuation's first token; ``len(ids)`` without one.
    """

    prompt: Prompt | str
    continuation: str = ""
    ids: tuple[int, ...] | None = None
    start: int = 0

    def __len__(self) -> int:
        """Tokens of prompt and continuation; QueryError where the engine does not know them."""
        if self.ids is None:
            raise QueryError("this engine does not know the number of tokens of a prompt: choose truncation by words")
        return len(self.ids)


Answer = tuple[str, ...]
"""Texts of single tokens that all mean the same answer, such as ``("A", " A")``; their probabilities are added."""

Stop = Callable[[str], bool]
"""Given the text so far, whether enough was written."""

Constraint = Callable[[Sequence[int]], Sequence[int] | None]
"""Given the ids generated so far, the ids that may follow: one at least; None when the answer is complete."""


@dataclass(frozen=True)
class Generation:
    """A written answer.

    Attributes:
        text: without special tokens.
        tokens: number of generated tokens, the one that ended it included.
        reason: ``end`` (the model ended its turn, or a constraint was complete), ``stop`` (`Stop` said so, or
            a stop string that a server was told of) or ``limit`` (cut at the token limit).
    """

    text: str
    tokens: int
    reason: Literal["end", "stop", "limit"]

    @property
    def cut(self) -> bool:
        """Whether the answer was cut at the token limit."""
        return self.reason == "limit"


class LanguageModel(ABC):
    """A model that can be asked for tokens.

    Results do not depend on how prompts are batched (up to rounding: 1e-4 in float32). A beginning that all prompts of
    one call share is computed once, so pass the prompts of one query together.

    Attributes:
        name: of the backbone or the served model, for messages.
        capabilities: what it can do; `require` checks before the first query.
        context_length: most tokens of prompt and answer; None where it is not known.
    """

    name: str
    capabilities: frozenset[Capability]
    context_length: int | None

    def require(self, *needed: Capability) -> None:
        """UserError naming what the engine cannot do of what a method needs."""
        missing = [capability for capability in needed if capability not in self.capabilities]
        if missing:
            raise UserError(
                f"Backbone '{self.name}' cannot give what the method needs: {', '.join(missing)}. "
                f"It gives: {', '.join(sorted(self.capabilities))}."
            )

    @abstractmethod
    def encode(self, prompt: Prompt | str, continuation: str = "") -> Encoded:
        """Tokenise a prompt; everything else takes the result, so that no text is tokenised twice.

        Args:
            prompt: a conversation, rendered with the model's own chat template; or plain text for a base model.
            continuation: for `likelihood`.

        Raises:
            UserError: the model has no chat template.
        """

    @abstractmethod
    def cut(self, text: str, tokens: int) -> str:
        """The text up to the end of its first ``tokens`` tokens, special ones not counted."""

    @abstractmethod
    def fragment(self, text: str) -> list[int]:
        """Ids of a text that goes on from another one, for a `Constraint`; needs the capability ``constraint``."""

    @abstractmethod
    def check_answers(self, answers: Sequence[Answer]) -> None:
        """UserError naming the answers that are no single token of this model, or that share one."""

    @abstractmethod
    def next_token(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], over: Over = "answers"
    ) -> list[list[float]]:
        """How likely each answer is as the next token.

        Args:
            prompts: without continuation.
            answers: the same for all prompts.
            over: what the probabilities sum to one over: the ``answers``, or the whole ``vocabulary``.

        Returns:
            Natural logarithms of the probabilities, ``[prompts][answers]``.

        Raises:
            QueryError: a prompt is longer than the context. UserError: see `check_answers`.
        """

    @abstractmethod
    def likelihood(self, prompts: Sequence[Encoded]) -> list[float]:
        """Log-likelihood of each prompt's continuation: the sum of its tokens' natural log-probabilities.

        Raises:
            QueryError: prompt and continuation are longer than the context, or there is no continuation.
        """

    @abstractmethod
    def generate(
        self,
        prompts: Sequence[Encoded],
        limit: int,
        *,
        stop: Stop | None = None,
        constraint: Constraint | None = None,
    ) -> list[Generation]:
        """Greedy answers.

        Args:
            prompts: without continuation.
            limit: most tokens of an answer, at least 1.
            stop: asked after every token. It may only look at the text it is given, since servers apply it to the
                finished answer.
            constraint: what may be written; needs the capability ``constraint``.

        Raises:
            QueryError: a prompt with ``limit`` more tokens is longer than the context.
        """
