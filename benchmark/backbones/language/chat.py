"""From messages to text: the model's own chat template, and what is done where it lacks something."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from jinja2 import TemplateError

from benchmark.backbones.language.interface import Message, Prompt
from benchmark.errors import UserError

MERGED = "\n "
"""Between the system text and the first user turn where a template takes no system turn: as gangiswag/llm-reranker and
castorini/rank_llm do."""

_SYSTEM, _USER = "\u2047system\u2047", "\u2047user\u2047"


class ChatTemplate:
    """A tokenizer's chat template.

    Where a template refuses the system role or drops its text, the system text is put in front of the first user turn,
    with `MERGED` between them.

    Args:
        fast: a tokenizer of transformers; name: of its backbone, for messages.
    """

    def __init__(self, fast: Any, name: str) -> None:
        self._fast = fast
        self._name = name

    def render(self, prompt: Prompt) -> str:
        """Text of the conversation, up to where the answer begins, with the prompt's opening.

        Raises:
            UserError: there is no template, or it refuses the conversation.
        """
        if not self._fast.chat_template:
            raise UserError(
                f"Backbone '{self._name}' has no chat template: it is no instruction-tuned model, or its tokenizer "
                "lacks the template. Choose another backbone, or add chat_template to its catalogue entry."
            )
        messages = prompt.messages if self.takes_system else merged(prompt.messages)
        try:
            return self._apply(messages, prompt.thinking) + prompt.opening
        except TemplateError as error:
            raise UserError(
                f"Backbone '{self._name}': its chat template refuses the conversation ({error}). "
                "Choose a prompt of one turn, or another backbone."
            ) from error

    @cached_property
    def takes_system(self) -> bool:
        """Whether the template has a place for a system turn."""
        try:
            return _SYSTEM in self._apply((Message("system", _SYSTEM), Message("user", _USER)), False)
        except TemplateError:
            return False

    def _apply(self, messages: tuple[Message, ...], thinking: bool) -> str:
        switch = {"enable_thinking": thinking} if "enable_thinking" in str(self._fast.chat_template) else {}
        text: str = self._fast.apply_chat_template(
            [{"role": message.role, "content": message.content} for message in messages],
            tokenize=False,
            add_generation_prompt=True,
            **switch,
        )
        return text


def merged(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """The conversation without its system turns; their text stands in front of the first user turn."""
    system = [message.content for message in messages if message.role == "system"]
    others = [message for message in messages if message.role != "system"]
    if not system:
        return messages
    first = next(number for number, message in enumerate(others) if message.role == "user")
    others[first] = Message("user", MERGED.join([*system, others[first].content]))
    return tuple(others)
