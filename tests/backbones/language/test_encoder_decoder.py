"""An encoder with a decoder scores answers as the model itself does."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import processors
from transformers import AutoModelForSeq2SeqLM
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import find
from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.loader import load
from benchmark.backbones.prompt import Tokenizer
from benchmark.backbones.spec import Chat
from benchmark.errors import QueryError, UserError
from methods.base import Candidate
from methods.pointwise.method import Pointwise, PointwiseOptions
from tests.backbones.tiny_tokenizers import byte_level

TEXTS = ["the quick brown fox", "salt", "a lazy dog while naïve café owners counted 12 µg of salt"]


def tokenizer() -> Tokenizer:
    made = byte_level(bos=False)
    end = made.fast.convert_tokens_to_ids("<s>")
    made.fast.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A <s>", special_tokens=[("<s>", end)]
    )
    return made


@pytest.fixture(scope="module")
def backbone() -> Backbone:
    config = CONFIG_MAPPING["t5"](
        vocab_size=500, d_model=32, d_kv=8, d_ff=48, num_layers=2, num_heads=4, decoder_start_token_id=0, pad_token_id=0
    )
    torch.manual_seed(0)
    model = AutoModelForSeq2SeqLM.from_config(config, dtype=torch.float32).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return Backbone("tiny-t5", model, tokenizer(), Chat(prefix="", suffix="", separator="\n"), 256, 0)


def logits_of(backbone: Backbone, text: str, decoder: str) -> tuple[torch.Tensor, list[int]]:
    ids = backbone.tokenizer.encode(decoder, special=False).ids
    with torch.inference_mode():
        output = backbone._whole(
            input_ids=torch.tensor([backbone.tokenizer.encode(text).ids]), decoder_input_ids=torch.tensor([[0, *ids]])
        )
    return output.logits[0], ids


@pytest.mark.parametrize("opening", ["", " Passage:"])
def test_the_next_token_is_the_decoders(backbone: Backbone, opening: str) -> None:
    language = backbone.language
    prompts = [language.encode(Prompt((Message("user", text),), opening)) for text in TEXTS]
    answers = [("a", " a"), ("b",)]
    within, over_all = language.next_token(prompts, answers), language.next_token(prompts, answers, "vocabulary")
    token = backbone.tokenizer.fast.convert_tokens_to_ids
    for text, some, every in zip(TEXTS, within, over_all, strict=True):
        last = logits_of(backbone, text, opening)[0][-1]
        spelt = torch.stack([torch.logsumexp(last[[token("a"), token("Ġa")]], 0), last[token("b")]])
        assert some == pytest.approx(torch.log_softmax(spelt, 0).tolist(), abs=1e-4)
        assert every == pytest.approx((spelt - torch.logsumexp(last, 0)).tolist(), abs=1e-4)


@pytest.mark.parametrize("opening", ["", " Passage:"])
def test_the_likelihood_of_texts_of_different_lengths(backbone: Backbone, opening: str) -> None:
    language = backbone.language
    continuations = [" salt", " the quick brown fox of 1999", " a"]
    prompts = [
        language.encode(Prompt((Message("user", text),), opening), continuation)
        for text, continuation in zip(TEXTS, continuations, strict=True)
    ]
    found = language.likelihood(prompts)
    for text, continuation, value in zip(TEXTS, continuations, found, strict=True):
        logits, ids = logits_of(backbone, text, opening + continuation)
        start = len(backbone.tokenizer.encode(opening, special=False))
        chosen = torch.log_softmax(logits, -1)[range(start, len(ids)), ids[start:]]
        assert value == pytest.approx(float(chosen.sum()), abs=1e-4)
    assert [language.likelihood([prompt])[0] for prompt in prompts] == pytest.approx(found, abs=1e-4)


def test_what_it_cannot_do_is_said(backbone: Backbone) -> None:
    language = backbone.language
    with pytest.raises(UserError, match="Backbone 'tiny-t5' cannot give what the method needs: generate"):
        language.generate([language.encode("x")], 3)
    with pytest.raises(QueryError, match="no continuation"):
        language.likelihood([language.encode("x")])
    with pytest.raises(QueryError, match="more than the context of 256: truncate passages"):
        language.next_token([language.encode("salt " * 400)], [("a",)])


def test_pointwise_methods_work_with_it(backbone: Backbone) -> None:
    candidates = [Candidate(str(number), text) for number, text in enumerate(TEXTS)]
    for options in ({"prompt": "monot5"}, {"mechanism": "query_likelihood"}, {"mechanism": "graded"}):
        method = Pointwise(PointwiseOptions.model_validate(options), backbone)
        method.ready()
        together = method.rerank("brown fox", candidates)
        assert together == pytest.approx([method.rerank("brown fox", [one])[0] for one in candidates], abs=1e-4)
        assert len(set(together)) == 3


def test_a_folder_is_loaded_with_its_head(backbone: Backbone, tmp_path: Path) -> None:
    backbone._whole.save_pretrained(tmp_path)
    fast = tokenizer().fast
    fast.model_max_length = 77
    fast.save_pretrained(tmp_path)
    made = load(find(str(tmp_path)), tmp_path, needs=["logits"], device="cpu")
    assert made.context_length == 77
    answers = [("a",), ("b",)]
    ours = made.language.next_token([made.language.encode("salt")], answers)
    assert ours[0] == pytest.approx(
        backbone.language.next_token([backbone.language.encode("salt")], answers)[0], abs=1e-5
    )
