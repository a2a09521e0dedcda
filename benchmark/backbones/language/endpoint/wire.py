"""Reading what an OpenAI-compatible server answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmark.errors import QueryError


class UnreadableError(Exception):
    """An answer that is none of the wire format; worth another try."""


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        text: what was written; reason: why it ended (see `Generation`).
        prompt_tokens, completion_tokens: as the server counts them.
        top: log-probabilities of the first written token's alternatives, by text; those of one text added up. None: the
            server told none.
        echoed: log-probability of each token of prompt and answer, None for the first; None: not told.
    """

    text: str
    reason: Literal["end", "stop", "limit"]
    prompt_tokens: int
    completion_tokens: int
    top: Sequence[tuple[str, float]] | None = None
    echoed: Sequence[float | None] | None = None


def readable(read: Callable[[Any], Reply], response: Any) -> Reply:
    """The reply; UnreadableError for an answer of another shape, whatever is missing in it."""
    try:
        return read(response)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise UnreadableError(f"{error} in {str(response)[:80]!r}") from None


def read_chat(response: Any) -> Reply:
    """A chat completion of the official client."""
    choice = _choice(response)
    message = getattr(choice, "message", None)
    if message is None:
        raise UnreadableError("an answer without a message")
    content = getattr(getattr(choice, "logprobs", None), "content", None)
    top = None
    if content:
        top = [(item.token, float(item.logprob)) for item in content[0].top_logprobs or ()] or None
    return _reply(response, choice, message.content or "", top, None)


def read_completion(response: Any) -> Reply:
    """A text completion of the official client."""
    choice = _choice(response)
    told = getattr(choice, "logprobs", None)
    tops = getattr(told, "top_logprobs", None)
    # With echo the prompt's positions stand first; the first written token's is only read without.
    top = list(tops[0].items()) if tops and isinstance(tops[0], Mapping) else None
    return _reply(response, choice, choice.text or "", top, getattr(told, "token_logprobs", None))


def _choice(response: Any) -> Any:
    choices = getattr(response, "choices", None)
    if not choices:
        raise UnreadableError(f"not a completion but {str(response)[:80]!r}")
    return choices[0]


def _reply(
    response: Any,
    choice: Any,
    text: str,
    top: Sequence[tuple[str, float]] | None,
    echoed: Sequence[float | None] | None,
) -> Reply:
    usage = getattr(response, "usage", None)
    if usage is None:
        raise UnreadableError("an answer without usage: tokens could not be counted")
    return Reply(text, _reason(choice), int(usage.prompt_tokens), int(usage.completion_tokens), top, echoed)


def _reason(choice: Any) -> Literal["end", "stop", "limit"]:
    finish = choice.finish_reason
    if finish == "length":
        return "limit"
    if finish == "stop":
        # vLLM and SGLang tell which stop string ended the answer; others do not tell it from an end of turn.
        told = getattr(choice, "stop_reason", None) or getattr(choice, "matched_stop", None)
        return "stop" if isinstance(told, str) else "end"
    if finish == "content_filter":
        raise QueryError("the server's content filter cut the answer")
    raise QueryError(f"the server ended the answer for a reason that is not known here: {finish!r}")
