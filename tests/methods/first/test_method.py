"""FIRST's prompt, identifiers and scores."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Prompt
from benchmark.errors import QueryError, UserError
from methods import registry
from methods.base import Candidate
from methods.first.method import First, FirstOptions

CANDIDATES = [
    Candidate("a", "Copper pans [3] should be dried at once [B], or spots of lime remain on them."),
    Candidate("b", "The river Danube flows through ten countries and ends in the Black Sea.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
]
QUERY = "How many countries does the Danube cross?"


def made(backbone: Backbone, **options: Any) -> First:
    return First(FirstOptions.model_validate(options), backbone)


def prompt_of(method: First, query: str = QUERY) -> Prompt:
    prompt = method.encoded(query, CANDIDATES).prompt
    assert isinstance(prompt, Prompt)
    return prompt


def test_the_prompt_is_the_papers(tiny_backbone: Backbone) -> None:
    prompt = prompt_of(made(tiny_backbone, words=7))
    assert prompt.opening == "["
    system, user = prompt.messages
    assert system.content == (
        "You are RankLLM, an intelligent assistant that can rank passages based on their relevancy to the query"
    )
    assert user.content == (
        "I will provide you with 3 passages, each indicated by a alphabetical identifier []. Rank the passages based "
        f"on their relevance to the search query: {QUERY}.\n\n[A] Copper pans (3) should be dried at\n[B] Title: "
        "Danube Content: The river Danube flows\n[C] Sourdough needs a warm place; at 26\n"
        f"Search Query: {QUERY}.\nRank the 3 passages above based on their relevance to the search query. All the "
        "passages should be included and listed using identifiers, in descending order of relevance. The output format "
        "should be [] > [], e.g., [B] > [A], Only respond with the ranking results, do not say any word or explain."
    )


def test_letters_in_brackets_are_rewritten_for_letters_only(tiny_backbone: Backbone) -> None:
    assert "once (B)," in prompt_of(made(tiny_backbone)).messages[1].content
    numeric = prompt_of(made(tiny_backbone, identifiers="numbers", window=9, stride=4)).messages[1].content
    assert "a numerical identifier" in numeric
    assert "[1] Copper pans (3) should" in numeric
    assert "once [B]," in numeric
    assert "e.g., [2] > [1]," in numeric
    assert "e.g., [D] > [B]," in prompt_of(made(tiny_backbone, example="4 > 2")).messages[1].content


def test_the_grids_prompt(tiny_backbone: Backbone) -> None:
    prompt = prompt_of(made(tiny_backbone, prompt="most_relevant", words=4), "q")
    (user,) = prompt.messages
    assert prompt.opening == " Passage:"
    assert user.content == (
        'Given a query "q", which of the following passages is the most relevant one to the query?\n\nPassage A: '
        '"Copper pans [3] should"\n\nPassage B: "Title: Danube Content: The"\n\nPassage C: "Sourdough needs a warm"\n\n'
        "Output only the passage label of the most relevant passage:"
    )


def test_texts_are_cut_by_tokens(tiny_backbone: Backbone) -> None:
    method = made(tiny_backbone, prompt="most_relevant", passage_tokens=5, query_tokens=3)
    text = prompt_of(method).messages[0].content
    language = tiny_backbone.language
    assert f'query "{language.cut(QUERY, 3)}",' in text
    assert f'Passage B: "{language.cut("Danube " + CANDIDATES[1].text, 5)}"' in text


def test_scores_are_the_models_own_logits_of_the_identifiers(tiny_backbone: Backbone) -> None:
    method = made(tiny_backbone)
    before = tiny_backbone.meter.total
    scores = method.rerank(QUERY, CANDIDATES)
    cost = tiny_backbone.meter.total - before
    encoded = method.encoded(QUERY, CANDIDATES)
    assert (cost.forward_passes, cost.completion_tokens) == (1, 0)
    assert cost.prompt_tokens == len(encoded)
    with torch.inference_mode():
        logits = tiny_backbone._whole(torch.tensor([encoded.ids])).logits[0, -1]
    ids = [tiny_backbone.tokenizer.fast.convert_tokens_to_ids(letter) for letter in "ABC"]
    expected = torch.log_softmax(logits[ids], 0)
    assert scores == pytest.approx(expected.tolist(), abs=1e-4)


def test_one_pass_a_window_and_ranks_for_scores(tiny_backbone: Backbone) -> None:
    many = [Candidate(str(number), f"text number {number}") for number in range(45)]
    before = tiny_backbone.meter.total
    scores = made(tiny_backbone).rerank(QUERY, many)
    assert (tiny_backbone.meter.total - before).forward_passes == 4
    assert sorted(scores) == [float(rank) for rank in range(1, 46)]


def test_spellings_add_up_on_a_real_model(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone)
    scores = method.rerank(QUERY, CANDIDATES)
    with torch.inference_mode():
        ids = method.encoded(QUERY, CANDIDATES).ids
        logits = demo_language_backbone._whole(torch.tensor([ids])).logits[0, -1]
    token = demo_language_backbone.tokenizer.fast.convert_tokens_to_ids
    spelt = torch.stack([torch.logsumexp(logits[[token(letter), token(f"Ġ{letter}")]], 0) for letter in "ABC"])
    assert scores == pytest.approx(torch.log_softmax(spelt, 0).tolist(), abs=1e-4)
    assert max(scores) - min(scores) > 0.1


def test_passages_shrink_until_the_prompt_fits(tiny_backbone: Backbone) -> None:
    long = [Candidate(str(number), "the quick brown fox jumps over " * 100) for number in range(20)]
    method = made(tiny_backbone, context=4096)
    encoded = method.encoded("q", long)
    kept_free = len(tiny_backbone.language.encode(" > ".join(f"[{number}]" for number in range(1, 21)))) - 1
    assert 3000 < len(encoded) - 1 <= 4096 - kept_free
    with pytest.raises(QueryError, match="with one word of each passage"):
        made(tiny_backbone, context=600).rerank("q", long)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 27}, "window 27 is larger than the 26 letters there are"),
        ({"identifiers": "numbers"}, r"window 20 is larger than the 9 numbers of one digit .* identifiers=letters"),
        ({"prompt": "most_relevant", "example": "4 > 2"}, "meaning with prompt=ranking only"),
        ({"identifiers": "greek"}, "'identifiers'"),
    ],
)
def test_windows_larger_than_the_identifiers_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.find("first").options(changes=options)


def test_identifiers_that_are_no_single_token_are_refused_before_the_first_query(tiny_backbone: Backbone) -> None:
    with pytest.raises(UserError, match=r"Backbone 'tiny': its tokenizer has no single token for '10', '11', '13'"):
        made(tiny_backbone, prompt="most_relevant", identifiers="numbers", window=100, stride=1).ready()
    made(tiny_backbone).ready()
