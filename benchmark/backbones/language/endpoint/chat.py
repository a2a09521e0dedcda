"""Chat completions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.backbones.language.chat import merged
from benchmark.backbones.language.endpoint.client import Client
from benchmark.backbones.language.endpoint.told import (
    TRIAL_TOKENS,
    Proven,
    generation,
    summed,
    temperature,
    told,
    values,
)
from benchmark.backbones.language.endpoint.wire import Reply
from benchmark.backbones.language.interface import (
    Answer,
    Capability,
    Constraint,
    Encoded,
    Generation,
    LanguageModel,
    Message,
    Over,
    Prompt,
    Stop,
)
from benchmark.backbones.spec import EndpointSource
from benchmark.errors import UserError

_TRIAL = Prompt((Message("user", "Say A or B."),))


class ChatEndpoint(LanguageModel):
    """Chat completions: the server renders, tokenises and counts; nothing is known of its tokens here.

    Args:
        name: of the backbone; source: the server; client: asks it; context_length: None where it is not known.
    """

    def __init__(self, name: str, source: EndpointSource, client: Client, context_length: int | None) -> None:
        self.name = name
        self.context_length = context_length
        self._source = source
        self._client = client
        optional: set[Capability] = {"next_token", "vocabulary"} if source.top_logprobs else set()
        self.capabilities = frozenset({"generate", *optional})
        self._proven = Proven(
            name,
            {
                "generate": lambda: self.generate([self.encode(_TRIAL)], TRIAL_TOKENS),
                "next_token": lambda: self._next([self.encode(_TRIAL)]),
            },
        )

    def require(self, *needed: Capability) -> None:
        """See `LanguageModel.require`; the server is asked whether it does."""
        super().require(*needed)
        self._proven.require(needed)

    def encode(self, prompt: Prompt | str, continuation: str = "") -> Encoded:
        """See `LanguageModel.encode`; no ids.

        Raises:
            UserError: the prompt begins the answer or lets the model think, and the server is not said to do that.
        """
        if isinstance(prompt, Prompt) and prompt.opening and self._source.prefill == "none":
            raise UserError(
                f"Backbone '{self.name}': the method begins the answer for the model ({prompt.opening!r}), which chat "
                "requests cannot. Set prefill if the server can, or api: completions."
            )
        if isinstance(prompt, Prompt) and prompt.thinking and not self._source.thinking_switch:
            raise UserError(
                f"Backbone '{self.name}': the method lets the model think. Set thinking_switch if the server passes "
                "chat_template_kwargs to its template, or api: completions."
            )
        return Encoded(prompt, continuation)

    def cut(self, text: str, tokens: int) -> str:  # noqa: ARG002
        """UserError: tokens are not known."""
        raise self._unable("tokens")

    def fragment(self, text: str) -> list[int]:  # noqa: ARG002
        """UserError: tokens are not known."""
        raise self._unable("constraint")

    def check_answers(self, answers: Sequence[Answer]) -> None:
        """Nothing can be checked without the tokenizer; answers the server does not tell of are refused then."""

    def next_token(
        self, prompts: Sequence[Encoded], answers: Sequence[Answer], over: Over = "answers"
    ) -> list[list[float]]:
        """See `LanguageModel.next_token`; read from the most likely tokens that the server tells.

        Raises:
            QueryError: an answer is not among them.
        """
        return [
            values(summed(reply.top or ()), answers, over, f"{self._source.top_logprobs}")
            for reply in self._next(prompts)
        ]

    def likelihood(self, prompts: Sequence[Encoded]) -> list[float]:  # noqa: ARG002
        """UserError: chat requests cannot score a given text."""
        raise self._unable("likelihood")

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
            raise self._unable("constraint")
        bodies = [self._body(prompt, limit) for prompt in prompts]
        return [generation(reply, stop) for reply in self._client.chat(bodies, "decode")]

    def _next(self, prompts: Sequence[Encoded]) -> list[Reply]:
        asked = {"logprobs": True, "top_logprobs": self._source.top_logprobs}
        replies = self._client.chat([self._body(prompt, 1) | asked for prompt in prompts], "prefill")
        return told(replies)

    def _body(self, prompt: Encoded, limit: int) -> dict[str, Any]:
        source = self._source
        if not isinstance(prompt.prompt, Prompt):
            raise self._unable("plain text as a prompt")
        turns = prompt.prompt.messages if source.system_turn else merged(prompt.prompt.messages)
        extra = dict(source.extra_body)
        if source.thinking_switch:
            extra["chat_template_kwargs"] = {
                **extra.get("chat_template_kwargs", {}),
                "enable_thinking": prompt.prompt.thinking,
            }
        if prompt.prompt.opening:
            turns = (*turns, Message("assistant", prompt.prompt.opening))
            if source.prefill == "continue_final_message":
                extra |= {"continue_final_message": True, "add_generation_prompt": False}
        return {
            "messages": [{"role": turn.role, "content": turn.content} for turn in turns],
            source.limit_field: limit,
            "extra_body": extra,
        } | temperature(source)

    def _unable(self, what: str) -> UserError:
        return UserError(f"Backbone '{self.name}' is asked by chat requests and cannot give: {what}.")
