"""Scores of pairs: the model's own, however they are batched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import Selected, find
from benchmark.backbones.loader import load
from benchmark.backbones.pairs import positions
from benchmark.backbones.spec import Chat
from benchmark.errors import UserError
from tests.backbones.tiny_pairs import build_classifier, pair_tokenizer

QUERY = "how many countries does the Danube cross?"
PAIRS = [
    (QUERY, "The Danube flows through ten countries and ends in the Black Sea."),
    (QUERY, "Sourdough."),
    (QUERY, "Naïve cafés serve 12 µg of 茶 – “tea” – at −3 °C 🫖. " * 3),
    (QUERY, ""),
]


def backbone(kind: str = "bert", pad: bool = True, **changes: Any) -> Backbone:
    model = build_classifier(kind, **changes)
    return Backbone("tiny", model, pair_tokenizer(pad), Chat(prefix="", suffix="", separator="\n"), 512, 0)


@pytest.mark.parametrize(
    ("kind", "pad"), [("bert", True), ("xlm-roberta", True), ("llama", False)], ids=["bert", "xlm-roberta", "llama"]
)
def test_together_is_as_alone_and_as_the_model_itself(kind: str, pad: bool) -> None:
    # A decoder's last token must be found although what pads it is a token it may also end with.
    made = backbone(kind, pad, **({"pad_token_id": None} if kind == "llama" else {}))
    before = made.meter.total
    together = made.pairs.scores(PAIRS, 512)
    cost = made.meter.total - before
    fast = made.tokenizer.fast
    lengths = []
    for (query, passage), score in zip(PAIRS, together, strict=True):
        inputs = fast([query], [passage], return_tensors="pt")
        lengths.append(inputs["input_ids"].shape[1])
        if kind == "llama":
            inputs = {"input_ids": inputs["input_ids"]}
        with torch.inference_mode():
            assert score == pytest.approx(float(made._whole(**inputs).logits[0, 0]), abs=1e-4)
        assert made.pairs.scores([(query, passage)], 512) == pytest.approx([score], abs=1e-4)
    assert max(together) - min(together) > 0.01
    assert (cost.forward_passes, cost.prompt_tokens) == (1, sum(lengths))
    assert set(cost.seconds) == {"tokenise", "prefill"}


def test_long_pairs_are_cut_the_longer_text_first() -> None:
    made = backbone()
    fast = made.tokenizer.fast
    long = "brown fox " * 200
    ids = fast([QUERY], [long], truncation="longest_first", max_length=96)["input_ids"][0]
    assert len(ids) == 96
    assert ids[: len(fast(QUERY)["input_ids"])] == fast(QUERY)["input_ids"]
    before = made.meter.total.prompt_tokens
    (score,) = made.pairs.scores([(QUERY, long)], 96)
    assert made.meter.total.prompt_tokens - before == 96
    assert made.pairs.scores([(QUERY, long + "and more")], 96) == pytest.approx([score], abs=1e-5)


def test_nothing_to_score() -> None:
    assert backbone().pairs.scores([], 512) == []


@pytest.mark.parametrize(("kind", "expected"), [("bert", 512), ("xlm-roberta", 511), ("llama", None)])
def test_learnt_positions(kind: str, expected: int | None) -> None:
    assert positions(build_classifier(kind)) == expected


def test_a_classifier_with_several_outputs_is_refused() -> None:
    with pytest.raises(UserError, match="Backbone 'tiny' has 2 outputs, where a cross-encoder has one"):
        _ = backbone(labels=2).pairs


def test_a_language_model_has_no_pairs(tiny_backbone: Backbone) -> None:
    with pytest.raises(RuntimeError, match="list pairs in needs"):
        _ = tiny_backbone.pairs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    build_classifier().save_pretrained(tmp_path / "crossed")
    pair_tokenizer().fast.save_pretrained(tmp_path / "crossed")
    return tmp_path / "crossed"


def test_a_folder_is_loaded_for_a_method_that_needs_pairs(folder: Path) -> None:
    made = load(find(str(folder)), folder, needs=["pairs"], device="cpu")
    assert made.context_length == 512
    scores = made.pairs.scores(PAIRS, 128)
    again = Backbone("same", build_classifier(), pair_tokenizer(), made.chat, 512, 0).pairs.scores(PAIRS, 128)
    assert scores == pytest.approx(again, abs=1e-4)


def test_a_decoder_without_a_trained_head_is_refused(tiny_folder: Path) -> None:
    with pytest.raises(UserError, match=r"1 weights are missing, such as score\.weight\. The method needs a cross-enc"):
        load(find(str(tiny_folder)), tiny_folder, needs=["pairs"], device="cpu")


@pytest.mark.parametrize(
    ("name", "needs", "message"),
    [
        (
            "ms-marco-minilm-l6-v2",
            ["logits"],
            "is of the kind cross-encoder, which gives pairs; the method needs logits",
        ),
        ("ms-marco-minilm-l6-v2", [], "the method needs attention"),
        ("smollm2-135m-instruct", ["pairs"], "is of the kind decoder, which gives attention, embeddings, "),
    ],
)
def test_the_wrong_kind_is_refused_before_anything_is_read(name: str, needs: list[str], message: str) -> None:
    selected: Selected = find(name)
    with pytest.raises(UserError, match=message):
        load(selected, Path("nowhere"), needs=needs)


def test_scores_are_those_of_sentence_transformers(folder: Path) -> None:
    reference = pytest.importorskip("sentence_transformers").CrossEncoder(str(folder), device="cpu")
    expected = reference.predict(PAIRS, activation_fn=torch.nn.Identity(), show_progress_bar=False)
    made = load(find(str(folder)), folder, needs=["pairs"], device="cpu")
    assert made.pairs.scores(PAIRS, 512) == pytest.approx(expected.tolist(), abs=1e-4)
