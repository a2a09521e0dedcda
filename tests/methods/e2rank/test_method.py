"""E2Rank's prompt and its cosines."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.errors import QueryError, UserError
from methods.base import Candidate
from methods.e2rank.method import E2Rank, E2RankOptions
from tests.backbones.language import made as parts

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once."),
    Candidate("b", "The Danube flows through ten countries.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place."),
]
QUERY = "How many countries does the Danube cross?"


def made(backbone: Backbone, **options: Any) -> E2Rank:
    return E2Rank(E2RankOptions.model_validate(options), backbone)


def test_the_published_prompt(tiny_backbone: Backbone) -> None:
    method = made(tiny_backbone, listed=2, words=3)
    text = method.query_text(QUERY, [method._shown(candidate) for candidate in CANDIDATES])
    assert text == (
        "<|im_start|>user\nGiven a web search query and some relevant documents, rerank the documents that answer the "
        "query:\nDocuments:\n[1] Copper pans should\n[2] Danube The Danube\nSearch Query: How many countries does the "
        "Danube cross?<|im_end|>\n<|im_start|>assistant\n"
    )


def test_scores_are_cosines_of_the_models_last_states(demo_backbone: Backbone) -> None:
    method = made(demo_backbone)
    method.ready()
    passages = [method._shown(candidate) for candidate in CANDIDATES]
    points = []
    for text in (method.query_text(QUERY, passages), *(passage + "<|endoftext|>" for passage in passages)):
        with torch.inference_mode():
            ids = torch.tensor([demo_backbone.tokenizer.encode(text).ids])
            points.append(demo_backbone._model(input_ids=ids).last_hidden_state[0, -1])
    expected = [float(torch.cosine_similarity(points[0], point, dim=0)) for point in points[1:]]
    before = demo_backbone.meter.total
    assert method.rerank(QUERY, CANDIDATES) == pytest.approx(expected, abs=1e-4)
    assert (demo_backbone.meter.total - before).forward_passes <= 2


def test_together_is_as_alone(tiny_backbone: Backbone) -> None:
    texts = ["the quick brown fox", "salt", "a lazy dog while naïve café owners counted"]
    together = tiny_backbone.embeddings.embed(texts)
    alone = torch.cat([tiny_backbone.embeddings.embed([text]) for text in texts])
    assert torch.allclose(together, alone, atol=1e-4)
    assert torch.allclose(together.norm(dim=-1), torch.ones(3), atol=1e-5)


def test_what_cannot_be_embedded_is_named() -> None:
    backbone = parts.backbone(context=64)
    with pytest.raises(QueryError, match=r"where 1 to 64 can be embedded: truncate passages \(option words\)"):
        made(backbone).rerank("q", [Candidate("long", "word " * 100)])
    with pytest.raises(UserError, match="has no chat template"):
        made(parts.backbone(text=parts.tokenizer(None))).ready()
