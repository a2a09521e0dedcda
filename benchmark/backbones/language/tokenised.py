"""What engines share that have the model's tokenizer: prompts as token ids, answers as single tokens."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.backbones.language.chat import ChatTemplate
from benchmark.backbones.language.interface import Answer, Encoded, LanguageModel, Prompt
from benchmark.backbones.language.vocabulary import Vocabulary
from benchmark.backbones.meter import Meter
from benchmark.backbones.prompt import Tokenizer
from benchmark.errors import QueryError


class Tokenised(LanguageModel):
    """An engine that is given token ids.

    Args:
        name: of the backbone; tokenizer: its own, with the chat template; meter: counts seconds of tokenisation.
        context_length: most tokens of prompt and answer; None: not known, and nothing is refused for its length.
    """

    def __init__(self, name: str, tokenizer: Tokenizer, meter: Meter, context_length: int | None) -> None:
        self.name = name
        self.context_length = context_length
        self._tokenizer = tokenizer
        self._meter = meter
        self._template = ChatTemplate(tokenizer.fast, name)
        self._vocabulary = Vocabulary(tokenizer.fast.backend_tokenizer, name)

    def encode(self, prompt: Prompt | str, continuation: str = "") -> Encoded:
        """See `LanguageModel.encode`.

        The rendered text is tokenised once and whole. It begins with the tokenizer's own BOS, once, whether the
        template writes it or not. A token that bridges prompt and continuation belongs to the continuation.
        """
        with self._meter.phase("tokenise"):
            text = prompt if isinstance(prompt, str) else self._template.render(prompt)
        bos = self._tokenizer.fast.bos_token
        encoding = self._tokenizer.encode(text + continuation, special=not (bos and text.startswith(bos)))
        start = len(encoding)
        if continuation:
            start = next(place for place, end in enumerate(encoding.ends) if end > len(text))
        return Encoded(prompt, continuation, tuple(encoding.ids), start)

    def cut(self, text: str, tokens: int) -> str:
        """See `LanguageModel.cut`."""
        ends = self._tokenizer.encode(text, special=False).ends
        return text if len(ends) <= tokens else text[: ends[tokens - 1]]

    def fragment(self, text: str) -> list[int]:
        """See `LanguageModel.fragment`."""
        return self._vocabulary.fragment(text)

    def check_answers(self, answers: Sequence[Answer]) -> None:
        """See `LanguageModel.check_answers`."""
        self._vocabulary.answers(answers)

    def _check_length(self, prompt: Encoded, room: int) -> None:
        if self.context_length is None:
            return
        excess = len(prompt) + room - self.context_length
        if excess > 0:
            answer = f" and {room} for the answer" if room else ""
            raise QueryError(
                f"the prompt has {len(prompt)} tokens{answer}, {excess} more than the context of "
                f"{self.context_length}: truncate passages (option words) or rank in windows (option window)"
            )

    def _check_continuation(self, prompt: Encoded) -> None:
        if not 0 < prompt.start < len(prompt):
            raise QueryError("a prompt has no continuation whose likelihood could be measured")


def ids_of(prompt: Encoded) -> tuple[int, ...]:
    """A prompt's token ids, which an engine with a tokenizer always knows."""
    assert prompt.ids is not None
    return prompt.ids
