"""Tokens and spans: what one tokenisation gives equals what many give."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.backbones.prompt import Encoding, Part, Role, TokenizedPrompt, Tokenizer, growing_length, reencode
from benchmark.errors import UserError
from tests.backbones.tiny_tokenizers import WORDS, byte_level, metaspace

TOKENIZERS = {
    f"{name}{'+bos' if bos else ''}": make(bos)
    for name, make in (("byte-level", byte_level), ("metaspace", metaspace))
    for bos in (False, True)
}

passages = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60)
    | st.lists(st.sampled_from(WORDS.split()), max_size=60).map(" ".join),
    min_size=1,
    max_size=4,
)


def prompt_parts(texts: list[str], separator: str, query: str) -> list[Part]:
    parts = [Part(Role.PREAMBLE, "user\n Here are some paragraphs:")]
    for number, text in enumerate(texts, 1):
        parts += [Part(Role.SEPARATOR, separator), Part(Role.DOCUMENT, f"[{number}] {text}")]
    return [*parts, Part(Role.SEPARATOR, separator), Part(Role.QUERY, query), Part(Role.CLOSING, "end")]


@pytest.mark.parametrize("name", TOKENIZERS)
@given(texts=passages, separator=st.sampled_from([" \n\n", "\n\n"]))
@settings(max_examples=40, deadline=None)
def test_spans_partition_the_tokens(name: str, texts: list[str], separator: str) -> None:
    prompt = TokenizedPrompt(prompt_parts(texts, separator, "Please find it"), TOKENIZERS[name].encode)
    spans = [prompt.span(index) for index in range(len(prompt.parts))]
    assert spans[0].start == 0
    for before, after in pairwise(spans):
        assert before.stop == after.start
    assert spans[-1].stop == len(prompt)
    # Each token begins inside the part that it is counted for.
    for index, span in enumerate(spans):
        for token in range(span.start, span.stop):
            start = prompt.encoding.starts[token]
            assert prompt.char_starts[index] <= start < max(prompt.char_starts[index + 1], 1)


@pytest.mark.parametrize("name", TOKENIZERS)
@given(texts=passages, separator=st.sampled_from([" \n\n", "\n\n"]))
@settings(max_examples=40, deadline=None)
def test_growing_length_is_that_of_the_prompt_up_to_there(name: str, texts: list[str], separator: str) -> None:
    encode = TOKENIZERS[name].encode
    prompt = TokenizedPrompt(prompt_parts(texts, separator, "Please find it"), encode)
    for char in prompt.char_starts[1:]:
        assert growing_length(prompt, char, encode) == len(encode(prompt.text[:char]))


@pytest.mark.parametrize("name", TOKENIZERS)
@given(texts=passages, ending=st.sampled_from(["Please find N/A", " N/A", "\n", ""]))
@settings(max_examples=40, deadline=None)
def test_reencoding_the_tail_equals_tokenising_everything(name: str, texts: list[str], ending: str) -> None:
    encode = TOKENIZERS[name].encode
    prompt = TokenizedPrompt(prompt_parts(texts, "\n\n", "Please find it"), encode)
    char = prompt.char_starts[prompt.index(Role.QUERY)]
    kept, rest = reencode(prompt, char, ending, encode)
    whole = encode(prompt.text[:char] + ending)
    assert prompt.encoding.ids[:kept] + rest.ids == whole.ids
    assert prompt.encoding.starts[:kept] + rest.starts == whole.starts


def test_only_a_window_is_tokenised_again() -> None:
    encode = TOKENIZERS["byte-level"].encode
    prompt = TokenizedPrompt(prompt_parts([WORDS * 50], "\n\n", "Please"), encode)
    seen = []

    def watched(text: str) -> Encoding:
        seen.append(len(text))
        return encode(text)

    growing_length(prompt, prompt.char_starts[3], watched)
    assert sum(seen) < 300 < len(prompt.text)


def test_a_tokenizer_without_offsets_is_refused() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(UserError, match=r"Slow gives no character offsets.*tokenizer\.json"):
        Tokenizer(Slow())
