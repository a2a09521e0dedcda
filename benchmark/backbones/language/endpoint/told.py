"""From what a server tells to what methods ask for: probabilities of answers, finished texts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from benchmark.backbones.language.endpoint.wire import Reply
from benchmark.backbones.language.finished import ended
from benchmark.backbones.language.interface import Answer, Capability, Generation, Over, Stop
from benchmark.backbones.language.probabilities import logsumexp
from benchmark.backbones.spec import EndpointSource
from benchmark.errors import QueryError, UserError

TRIAL_TOKENS = 16
"""Limit of the trial answer; some hosted models refuse a smaller one."""


class Proven:
    """Whether the server does what its entry says, asked once a capability with a request of a few tokens."""

    def __init__(self, name: str, trials: Mapping[Capability, Callable[[], object]]) -> None:
        self._name = name
        self._trials = trials
        self._proven: set[Capability] = set()

    def require(self, needed: Collection[Capability]) -> None:
        """UserError naming what the server does not give."""
        for item in needed:
            # A server that tells probabilities tells them over the whole vocabulary.
            capability: Capability = "next_token" if item == "vocabulary" else item
            if capability in self._trials and capability not in self._proven:
                try:
                    self._trials[capability]()
                except QueryError as error:
                    raise UserError(
                        f"Backbone '{self._name}' cannot give what the method needs ({capability}): {error}"
                    ) from None
                self._proven.add(capability)


def values(found: Mapping[str, float], answers: Sequence[Answer], over: Over, told: str) -> list[float]:
    """Log-probability of each answer, its spellings added up.

    Of an answer with several spellings those that are not told of count as nothing: each is less likely than all that
    are. An answer of which none is told has no value that could be made up.

    Args:
        found: log-probabilities over the vocabulary by token text; told: how many the server tells, for the message.

    Raises:
        QueryError: naming the answers of which no spelling is known.
    """
    sums = [[found[text] for text in answer if text in found] for answer in answers]
    absent = [answer[0] for answer, known in zip(answers, sums, strict=True) if not known]
    if absent:
        raise QueryError(
            f"{', '.join(map(repr, absent[:10]))}{' and others' if len(absent) > 10 else ''} not among the {told} most "
            "likely tokens that the server tells: raise top_logprobs here and the server's own limit, rank in smaller "
            "windows (option window), or use api: completions with echo"
        )
    logs = [logsumexp(known) for known in sums]
    total = logsumexp(logs) if over == "answers" else 0.0
    return [value - total for value in logs]


def told(replies: list[Reply]) -> list[Reply]:
    """The replies; QueryError where one has no log-probabilities."""
    if any(reply.top is None for reply in replies):
        raise QueryError("the server answers without log-probabilities (logprobs, top_logprobs)")
    return replies


def summed(top: Sequence[tuple[str, float]]) -> dict[str, float]:
    """By text; tokens of equal text added up."""
    found: dict[str, float] = {}
    for text, value in top:
        found[text] = added(found.get(text), value)
    return found


def added(one: float | None, other: float) -> float:
    """Log of the sum of two probabilities; of the other alone where there is none yet."""
    return other if one is None else logsumexp([one, other])


def generation(reply: Reply, stop: Stop | None) -> Generation:
    """What was written, cut where a local engine would have stopped."""
    return ended(reply.text, reply.completion_tokens, reply.reason, stop)


def temperature(source: EndpointSource) -> dict[str, Any]:
    """The request's field for the temperature, where it is sent."""
    return {} if source.temperature is None else {"temperature": source.temperature}
