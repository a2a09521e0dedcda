"""Judges on models whose weights are known: places, cutting, batches, costs."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.errors import QueryError, UserError
from methods.base import Candidate
from methods.comparing.judges import by_score, first_words
from methods.setwise.method import Setwise, SetwiseOptions
from tests.methods.comparing.scripted import CANDIDATES, QUERY


def made(backbone: Backbone, **options: Any) -> Setwise:
    return Setwise(SetwiseOptions.model_validate(options), backbone)


def test_likelihood_ranks_by_the_models_own_next_token(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone, mechanism="likelihood")
    _, shown = method.prepared(QUERY, CANDIDATES)
    (judgement,) = method.judge(QUERY, [shown])
    encoded = method.judge._asking.encoded(QUERY, shown, 0)  # type: ignore[attr-defined]
    assert encoded.prompt.messages == method.question().messages(QUERY, [candidate.text for candidate in shown])
    with torch.inference_mode():
        logits = demo_language_backbone._whole(torch.tensor([encoded.ids])).logits[0, -1]
    token = demo_language_backbone.tokenizer.fast.convert_tokens_to_ids
    spelt = [float(torch.logsumexp(logits[[token(letter), token(f"Ġ{letter}")]], 0)) for letter in "ABC"]
    assert list(judgement) == by_score(spelt)


@pytest.mark.slow
@pytest.mark.parametrize("mechanism", ["likelihood", "attention"])
def test_sets_judged_together_are_judged_as_alone(demo_language_backbone: Backbone, mechanism: str) -> None:
    method = made(demo_language_backbone, mechanism=mechanism)
    _, shown = method.prepared(QUERY, CANDIDATES)
    sets = [[shown[0], shown[1]], [shown[1], shown[0]], shown, [shown[2], shown[0], shown[1]], [shown[2], shown[1]]]
    together = method.judge(QUERY, sets)
    assert together == [method.judge(QUERY, [one])[0] for one in sets]
    assert [sorted(judgement) for judgement in together] == [list(range(len(one))) for one in sets]


def test_attention_is_icrs(demo_language_backbone: Backbone) -> None:
    from methods.icr.method import Icr
    from methods.in_context.icr import IcrOptions

    merged = [Candidate("b", f"Danube {CANDIDATES[1].text}"), CANDIDATES[0], CANDIDATES[2]]
    scores = Icr(IcrOptions(kind="ie"), demo_language_backbone).rerank(QUERY, merged)
    method = made(demo_language_backbone, mechanism="attention")
    _, shown = method.prepared(QUERY, [CANDIDATES[1], CANDIDATES[0], CANDIDATES[2]])
    assert method.judge(QUERY, [shown]) == [by_score(scores)]


def test_a_band_of_layers_is_all_that_is_run(tiny_backbone: Backbone) -> None:
    with pytest.raises(UserError, match="layers=1-2: backbone 'tiny' has layers 0-1"):
        made(tiny_backbone, mechanism="attention", layers="1-2").ready()
    method = made(tiny_backbone, mechanism="attention", layers="0-0")
    method.ready()
    assert len(method.rerank(QUERY, CANDIDATES)) == 3


@pytest.mark.parametrize("mechanism", ["generation", "likelihood", "attention"])
def test_an_empty_passage_is_judged_like_any_other(tiny_backbone: Backbone, mechanism: str) -> None:
    empty = [Candidate("a", "text"), Candidate("void", "")]
    assert sorted(made(tiny_backbone, mechanism=mechanism).rerank(QUERY, empty)) == [1.0, 2.0]


def test_passages_shrink_until_the_prompt_fits(tiny_backbone: Backbone) -> None:
    long = [Candidate(str(number), "the quick brown fox jumps over " * 100) for number in range(3)]
    method = made(tiny_backbone, mechanism="likelihood", context=1000)
    encoded = method.judge._asking.encoded("q", long, 0)  # type: ignore[attr-defined]
    assert 900 < len(encoded) <= 1000
    with pytest.raises(QueryError, match="with one word of each passage"):
        made(tiny_backbone, mechanism="likelihood", context=100).rerank("q", long)


def test_titles_stand_in_front_and_count_when_texts_are_cut(tiny_backbone: Backbone) -> None:
    method = made(tiny_backbone, passage_tokens=9, query_tokens=3)
    query, shown = method.prepared(QUERY, CANDIDATES)
    assert query == tiny_backbone.language.cut(QUERY, 3)
    assert [candidate.docid for candidate in shown] == ["a", "b", "c"]
    assert shown[1].text == tiny_backbone.language.cut(f"Danube {CANDIDATES[1].text}", 9)
    assert first_words("one  two\nthree", 3) == "one  two\nthree"
    assert first_words("one  two\nthree", 2) == "one two"
