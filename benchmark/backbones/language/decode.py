"""Greedy generation over a cache, for one prompt or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor
from transformers import DynamicCache

from benchmark.backbones.language.head import Head
from benchmark.backbones.language.interface import Constraint, Generation, Stop
from benchmark.backbones.language.states import States, Wanted, padding_layout
from benchmark.backbones.meter import Meter
from benchmark.backbones.packing import batches, padded
from benchmark.backbones.prompt import Span

Decode = Callable[[Sequence[int]], str]
"""Token ids to text, without special tokens."""


@dataclass(frozen=True)
class Rules:
    """When an answer ends, and what it may hold; see `LanguageModel.generate`.

    Attributes:
        ends: ids that end the model's turn.
    """

    limit: int
    ends: frozenset[int]
    stop: Stop | None = None
    constraint: Constraint | None = None


@dataclass
class _Answer:
    """One answer being written.

    Attributes:
        prompt: number of its prompt's tokens; allowed: ids that may follow, None for any.
    """

    prompt: int
    allowed: Sequence[int] | None = None
    ids: list[int] = field(default_factory=list)
    reason: Literal["end", "stop", "limit"] | None = None

    def add(self, token: int, rules: Rules, decode: Decode) -> None:
        """Take a token in, and see whether the answer is finished."""
        self.ids.append(token)
        if rules.constraint is not None:
            # Asked now, so that no pass is run only to find that the answer was complete.
            self.allowed = rules.constraint(self.ids)
            if self.allowed is None:
                self.reason = "end"
                return
        if token in rules.ends:
            self.reason = "end"
            return
        if rules.stop is not None and rules.stop(decode(self.ids)):
            self.reason = "stop"
            return
        if len(self.ids) >= rules.limit:
            self.reason = "limit"

    def finished(self, decode: Decode) -> Generation:
        """The answer as it is handed out."""
        assert self.reason is not None
        return Generation(decode(self.ids), len(self.ids), self.reason)


class Writer:
    """Writes answers.

    Args:
        states: runs the decoder; head: its logits; decode: ids to text; meter: counts.
    """

    def __init__(self, states: States, head: Head, decode: Decode, meter: Meter) -> None:
        self._states = states
        self._head = head
        self._decode = decode
        self._meter = meter

    def write(self, prompts: Sequence[Sequence[int]], rules: Rules) -> list[Generation]:
        """An answer for each prompt, in order."""
        found: dict[int, Generation] = {}
        lengths = [len(ids) + rules.limit for ids in prompts]
        groups = batches(lengths) if self._states.separable else [[number] for number in range(len(prompts))]
        for group in groups:
            answers = self._batch([prompts[number] for number in group], rules)
            found.update(zip(group, (answer.finished(self._decode) for answer in answers), strict=True))
        return [found[number] for number in range(len(prompts))]

    def _batch(self, prompts: Sequence[Sequence[int]], rules: Rules) -> list[_Answer]:
        first = rules.constraint([]) if rules.constraint is not None else None
        answers = [_Answer(len(ids), first) for ids in prompts]
        width = max(answer.prompt for answer in answers)
        cache = DynamicCache()
        with self._meter.phase("prefill"):
            self._choose(answers, self._prefill(prompts, width, cache), rules)
        with self._meter.phase("decode"):
            live = self._unfinished(answers, cache)
            while live:
                self._choose(live, self._step(live, width, cache), rules)
                live = self._unfinished(live, cache)
        self._meter.add(0, completion_tokens=sum(len(answer.ids) for answer in answers), forward_passes=0)
        return answers

    def _prefill(self, prompts: Sequence[Sequence[int]], width: int, cache: DynamicCache) -> Tensor:
        """Run the prompts, padded at the end to ``width``; the hidden states of their last tokens."""
        shared = self._states.shared_length([Wanted(ids, Span(len(ids) - 1, len(ids))) for ids in prompts])
        if shared:
            self._states.run([prompts[0][:shared]], cache)
            self._meter.add(prompt_tokens=shared)
            cache.batch_repeat_interleave(len(prompts))
        states = self._states.run([padded(ids[shared:], width - shared) for ids in prompts], cache)
        self._meter.add(prompt_tokens=sum(len(ids) - shared for ids in prompts))
        # A copy, so that the states of all other tokens are given back before the answers are written.
        last: Tensor = states[torch.arange(len(prompts)), [len(ids) - shared - 1 for ids in prompts]].clone()
        return last

    def _step(self, live: Sequence[_Answer], width: int, cache: DynamicCache) -> Tensor:
        """Feed every answer's last token; the hidden states after it."""
        generated = len(live[0].ids)
        lengths = [answer.prompt for answer in live]
        # Without padding a plain causal pass is the same, and needs no mask.
        layout = None if min(lengths) == width else padding_layout(lengths, width, generated)
        states: Tensor = self._states.run([answer.ids[-1:] for answer in live], cache, layout)
        self._meter.add(prompt_tokens=0)
        return states[:, -1]

    def _choose(self, answers: Sequence[_Answer], last: Tensor, rules: Rules) -> None:
        """Add the most likely token to each answer; where only one is allowed no logits are computed."""
        free = [row for row, answer in enumerate(answers) if answer.allowed is None]
        tokens = dict(zip(free, self._head.best(last[free]) if free else [], strict=True))
        for row, answer in enumerate(answers):
            ids = answer.allowed
            if ids is not None:
                tokens[row] = ids[0] if len(ids) == 1 else self._head.best(last[row : row + 1], ids)[0]
            answer.add(tokens[row], rules, self._decode)

    def _unfinished(self, rows: Sequence[_Answer], cache: DynamicCache) -> Sequence[_Answer]:
        """The answers to go on with; the cache keeps only their rows."""
        kept = [row for row, answer in enumerate(rows) if answer.reason is None]
        if kept and len(kept) < len(rows):
            cache.batch_select_indices(torch.tensor(kept))
        return [rows[row] for row in kept]
