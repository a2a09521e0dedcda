"""Text completions of token ids."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from benchmark.backbones.language.endpoint.client import Client
from benchmark.backbones.language.endpoint.told import (
    TRIAL_TOKENS,
    Proven,
    added,
    generation,
    summed,
    temperature,
    told,
    values,
)
from benchmark.backbones.language.endpoint.wire import Reply
from benchmark.backbones.language.interface import Answer, Capability, Constraint, Encoded, Generation, Over, Stop
from benchmark.backbones.language.tokenised import Tokenised, ids_of
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.spec import EndpointSource
from benchmark.errors import QueryError, UserError

_TRIAL = "A or B?"


class CompletionsEndpoint(Tokenised):
    """Text completions of token ids that are made here, so that prompts are the local engine's to the token.

    Args:
        name: of the backbone; source: the server; client: asks it; tokenizer: that of the served model.
        meter: counts seconds of tokenisation; context_length: None where it is not known.
    """

    def __init__(
        self,
        name: str,
        source: EndpointSource,
        client: Client,
        tokenizer: Tokenizer,
        meter: Meter,
        context_length: int | None,
    ) -> None:
        super().__init__(name, tokenizer, meter, context_length)
        self._source = source
        self._client = client
        optional: set[Capability] = {"next_token", "vocabulary"} if source.top_logprobs else set()
        if source.echo:
            optional.add("likelihood")
        self.capabilities = frozenset({"tokens", "generate", *optional})
        self._proven = Proven(
            name,
            {
                "generate": lambda: self.generate([self.encode(_TRIAL)], TRIAL_TOKENS),
                "next_token": lambda: self._next([self.encode(_TRIAL)]),
                "likelihood": lambda: self.likelihood([self.encode(_TRIAL, _TRIAL)]),
            },
        )

    def require(self, *needed: Capability) -> None:
        """See `LanguageModel.require`; the server is asked whether it does."""
        super().require(*needed)
        self._proven.require(needed)

    def next_token(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], over: Over = "answers"
    ) -> list[list[float]]:
        """See `LanguageModel.next_token`; read from the most likely tokens that the server tells.

        With echo, what is not among them is asked for by itself, exactly.

        Raises:
            QueryError: an answer is not among them, and the server has no echo.
        """
        self.check_answers(answers)
        found = [summed(reply.top or ()) for reply in self._next(prompts)]
        if self._source.echo:
            self._add_missing(prompts, answers, found)
        return [values(known, answers, over, f"{self._source.top_logprobs}") for known in found]

    def likelihood(self, prompts: Sequence[Encoded]) -> list[float]:
        """See `LanguageModel.likelihood`; the server repeats the prompt with log-probabilities."""
        for prompt in prompts:
            self._check_length(prompt, 1)
            self._check_continuation(prompt)
        # One token is written and thrown away: not every server takes a limit of none.
        bodies = [self._body(prompt, 1) | {"echo": True, "logprobs": 1} for prompt in prompts]
        replies = self._client.complete(bodies, "prefill")
        return [_likelihood(reply, prompt) for reply, prompt in zip(replies, prompts, strict=True)]

    def generate(
        self,
        prompts: Sequence[Encoded],
        limit: int,
        *,
        stop: Stop | None = None,
        constraint: Constraint | None = None,
    ) -> list[Generation]:
        """See `LanguageModel.generate`."""
        if constraint is not None:
            raise UserError(f"Backbone '{self.name}' is an endpoint and cannot give: constraint.")
        for prompt in prompts:
            self._check_length(prompt, limit)
        bodies = [self._body(prompt, limit) for prompt in prompts]
        return [generation(reply, stop) for reply in self._client.complete(bodies, "decode")]

    def _add_missing(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], found: Sequence[dict[str, float]]
    ) -> None:
        """Ask for every spelling that was not told of, each as the continuation of its prompt."""
        texts = [text for answer in answers for text in answer if self._vocabulary.by_text.get(text)]
        asked = [
            (known, text, number, prompt)
            for known, prompt in zip(found, prompts, strict=True)
            for text in texts
            if text not in known
            for number in self._vocabulary.by_text[text]
        ]
        continued = [
            Encoded(prompt.prompt, text, (*ids_of(prompt), number), len(prompt)) for _, text, number, prompt in asked
        ]
        for (known, text, _, _), value in zip(asked, self.likelihood(continued), strict=True):
            known[text] = added(known.get(text), value)

    def _next(self, prompts: Sequence[Encoded]) -> list[Reply]:
        for prompt in prompts:
            self._check_length(prompt, 1)
        asked = {"logprobs": self._source.top_logprobs}
        return told(self._client.complete([self._body(prompt, 1) | asked for prompt in prompts], "prefill"))

    def _body(self, prompt: Encoded, limit: int) -> dict[str, Any]:
        return {
            "prompt": list(ids_of(prompt)),
            "max_tokens": limit,
            "extra_body": self._source.extra_body,
        } | temperature(self._source)


def _likelihood(reply: Reply, prompt: Encoded) -> float:
    echoed = reply.echoed
    if echoed is None:
        raise QueryError("the server does not repeat the prompt with log-probabilities (echo, logprobs)")
    if len(echoed) < len(prompt):
        raise QueryError(
            f"the server tells log-probabilities of {len(echoed)} tokens where {len(prompt)} were sent: it does not "
            "echo the prompt, or tokenises it otherwise"
        )
    known = [value for value in echoed[prompt.start : len(prompt)] if value is not None]
    if len(known) < len(prompt) - prompt.start:
        raise QueryError("the server left out log-probabilities of the continuation")
    return math.fsum(known)
