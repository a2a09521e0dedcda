"""Pointwise prompts and scores."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from benchmark.backbones import catalogue
from benchmark.backbones.backbone import Backbone
from benchmark.backbones.language import Generation, Prompt
from benchmark.errors import QueryError, UserError
from methods import registry
from methods.base import Candidate
from methods.pointwise.method import Pointwise, PointwiseOptions
from methods.pointwise.prompts import PROMPTS

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once, or spots of lime remain on them."),
    Candidate("b", "The river Danube flows through ten countries and ends in the Black Sea.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
]
QUERY = "How many countries does the Danube cross?"


def made(backbone: Backbone, **options: Any) -> Pointwise:
    return Pointwise(PointwiseOptions.model_validate(options), backbone)


def preset(name: str, backbone: Backbone, **changes: Any) -> Pointwise:
    options = registry.find("pointwise").options(name, changes=changes)
    assert isinstance(options, PointwiseOptions)
    return Pointwise(options, backbone)


def user(method: Pointwise, place: int = 1) -> str:
    return method._prompt(QUERY, CANDIDATES[place]).messages[-1].content


def test_the_published_prompts(tiny_backbone: Backbone) -> None:
    text = "Danube The river Danube flows"
    cut = {"words": 5}
    assert user(made(tiny_backbone, **cut)) == (
        f"Passage: {text}\nQuery: {QUERY}\nDoes the passage answer the query? Answer 'Yes' or 'No'"
    )
    assert user(made(tiny_backbone, mechanism="query_likelihood", **cut)) == (
        f"Passage: {text}\nPlease write a question based on this passage."
    )
    assert user(made(tiny_backbone, mechanism="graded", prompt="scale", top=7, **cut)) == (
        f"From a scale of 0 to 7, judge the relevance between the query and the document.\nQuery: {QUERY}\nDocument: "
        f"{text}\nOutput:"
    )
    assert "“Highly Relevant”, “Somewhat Relevant”, or “Not Relevant”" in user(made(tiny_backbone, mechanism="graded"))
    assert user(made(tiny_backbone, prompt="monot5", **cut)) == f"Query: {QUERY} Document: {text} Relevant:"
    written = user(made(tiny_backbone, mechanism="written", answer_tokens=9, instruction="be strict", **cut))
    assert written.startswith("Given a query and a document, please give a relevance score of 0~10.\nThe goal")
    assert "definition is: be strict\n" in written
    assert written.endswith("<answer>Only allows an integer here</answer>\n\nYour output:")


def test_trained_rerankers_get_the_text_they_were_trained_on(tiny_backbone: Backbone) -> None:
    from tests.backbones.language.made import tokenizer

    official = {
        "qwen3-reranker-0.6b": (
            "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
            'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n<Instruct>: Given '
            "a web search query, retrieve relevant passages that answer the query\n<Query>: q\n<Document>: d<|im_end|>"
            "\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
        ),
        "prorank-0.5b": (
            "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n"
            "<|im_start|>user\nquery: q\ndocument: d\nYou are a search relevance expert who evaluates how well "
            "documents match search queries. For each query-document pair, carefully analyze the semantic "
            "relationship between them, then provide your binary relevance judgment (0 for not relevant, 1 for "
            "relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n"
        ),
    }
    for name, expected in official.items():
        held = registry.find("pointwise").card.presets[name]
        assert held.backbone is not None
        template = catalogue.entries()[held.backbone].chat_template
        prompt = preset(name, tiny_backbone)._prompt("q", Candidate("d", "d"))
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        text = tokenizer(template).fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert text == expected


def test_braces_and_placeholders_in_texts_stay_as_they_are(tiny_backbone: Backbone) -> None:
    prompt = made(tiny_backbone)._prompt("{passage} {0}", Candidate("d", "{query} {{x}} %s"))
    assert prompt.messages[0].content.startswith("Passage: {query} {{x}} %s\nQuery: {passage} {0}\n")


def test_yes_and_no_are_the_models_own_logits(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone)
    method.ready()
    scores = method.rerank(QUERY, CANDIDATES)
    token = demo_language_backbone.tokenizer.fast.convert_tokens_to_ids
    for candidate, score in zip(CANDIDATES, scores, strict=True):
        ids = demo_language_backbone.language.encode(method._prompt(QUERY, candidate)).ids
        with torch.inference_mode():
            logits = demo_language_backbone._whole(torch.tensor([ids])).logits[0, -1]
        yes, no = (torch.logsumexp(logits[[token(text), token(f"Ġ{text}")]], 0) for text in ("Yes", "No"))
        assert score == pytest.approx(float(yes - no), abs=1e-4)
    assert max(scores) - min(scores) > 0.05


def test_the_querys_likelihood_is_the_models_own(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone, mechanism="query_likelihood")
    scores = method.rerank(QUERY, CANDIDATES)
    assert scores.index(max(scores)) == 1, "the passage about the Danube makes the question likely"
    encoded = demo_language_backbone.language.encode(method._prompt(QUERY, CANDIDATES[1]), QUERY)
    with torch.inference_mode():
        logits = demo_language_backbone._whole(torch.tensor([encoded.ids])).logits[0]
    assert encoded.ids is not None
    chosen = torch.log_softmax(logits, -1)[
        range(encoded.start - 1, len(encoded) - 1), list(encoded.ids[encoded.start :])
    ]
    assert scores[1] == pytest.approx(float(chosen.sum()), abs=1e-3)


ALONE = [{}, {"mechanism": "query_likelihood"}, {"mechanism": "graded"}, {"mechanism": "graded", "prompt": "scale"}]


@pytest.mark.parametrize("options", ALONE, ids=str)
def test_together_is_as_alone(demo_language_backbone: Backbone, options: dict[str, Any]) -> None:
    method = made(demo_language_backbone, **options)
    together = method.rerank(QUERY, CANDIDATES)
    alone = [method.rerank(QUERY, [candidate])[0] for candidate in CANDIDATES]
    assert together == pytest.approx(alone, abs=1e-4)


@pytest.mark.slow
def test_labels_of_several_tokens_are_scored_as_texts(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone, mechanism="graded")
    assert not method.single_tokens
    row = method._label_scores([method._prompt(QUERY, CANDIDATES[1])])[0]
    language = demo_language_backbone.language
    for (label, *_), value in zip(method.answers, row, strict=True):
        assert value == pytest.approx(
            language.likelihood([language.encode(method._prompt(QUERY, CANDIDATES[1]), label)])[0], abs=1e-4
        )
    peak = made(demo_language_backbone, mechanism="graded", rule="peak").rerank(QUERY, CANDIDATES[1:2])
    assert peak == pytest.approx([row[0]], abs=1e-4)
    assert 0 < method.rerank(QUERY, CANDIDATES)[1] < 2


def test_numbers_of_a_scale_are_single_tokens(demo_language_backbone: Backbone) -> None:
    method = made(demo_language_backbone, mechanism="graded", prompt="scale")
    assert method.single_tokens
    assert method.grades == [4.0, 3.0, 2.0, 1.0, 0.0]
    assert [answer[0] for answer in method.answers] == ["4", "3", "2", "1", "0"]
    assert all(0 < score < 4 for score in method.rerank(QUERY, CANDIDATES))


def test_a_written_score_is_weighted_by_its_probability(
    tiny_backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = [
        Generation("<think>No word of a river.</think><answer>2</answer>", 12, "stop"),
        Generation("<think>Ten countries.</think><answer>10</answer>", 12, "stop"),
        Generation("<think>Let me think about", 16, "limit"),
    ]
    asked: list[Any] = []
    language = tiny_backbone.language

    def generate(prompts: Any, limit: int, **_: Any) -> list[Generation]:
        asked.append((list(prompts), limit))
        return recorded

    monkeypatch.setattr(language, "generate", generate)
    method = preset("erank-4b", tiny_backbone)
    before = tiny_backbone.meter.total
    scores = method.rerank(QUERY, CANDIDATES)
    cost = tiny_backbone.meter.total - before
    ((prompts, limit),) = asked
    assert (len(prompts), limit) == (3, 4096)
    assert prompts[0].prompt.thinking
    for place, (number, opening) in enumerate(
        [(2, "<think>No word of a river.</think><answer>"), (10, "<think>Ten countries.</think><answer>")]
    ):
        prompt = Prompt(prompts[place].prompt.messages, opening, thinking=True)
        (value,) = language.likelihood([language.encode(prompt, str(number))])
        assert scores[place] == pytest.approx(number * math.exp(value), rel=1e-4)
    assert scores[2] == 0.0
    assert (cost.answers, cost.malformed, cost.faults) == (3, 1, {"refusal": 1, "cut": 1})


def test_texts_are_cut_by_tokens_and_words(tiny_backbone: Backbone) -> None:
    method = preset("yes-no", tiny_backbone, passage_tokens=6, query_tokens=3, words=2)
    language = tiny_backbone.language
    assert method._query(QUERY) == language.cut(QUERY, 3)
    passage = " ".join(language.cut("Danube " + CANDIDATES[1].text, 6).split()[:2])
    assert user(method).startswith(f"Passage: {passage}\n")


def test_a_prompt_that_does_not_fit_says_what_to_do() -> None:
    from tests.backbones.language.made import backbone

    with pytest.raises(QueryError, match="more than the context of 128: truncate passages"):
        made(backbone(context=128)).rerank(QUERY, [Candidate("long", "word " * 300)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": "rg_yesno"}, "mechanism yes_no has no prompt 'rg_yesno'. Did you mean 'rg_yes_no'"),
        ({"prompt": "scale"}, "mechanism yes_no has no prompt 'scale'. Known: "),
        ({"mechanism": "greded"}, "'mechanism'"),
        ({"rule": "peak"}, "rule has a meaning with mechanism=graded only"),
        ({"mechanism": "graded", "top": 3}, "top has a meaning with prompt=scale only"),
        ({"instruction": "x"}, "the prompt 'llm_rankers' holds no instruction"),
        ({"mechanism": "written"}, "mechanism=written, and no other, needs answer_tokens"),
        ({"answer_tokens": 5}, "mechanism=written, and no other, needs answer_tokens"),
        ({"words": 0}, "'words'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.find("pointwise").options(changes=options)


def test_every_mechanisms_prompts_have_what_it_reads() -> None:
    for mechanism, prompts in PROMPTS.items():
        for name, wording in prompts.items():
            assert "{passage}" in wording.user
            assert ("{query}" in wording.user) == (mechanism != "query_likelihood")
            assert bool(wording.answers) == (mechanism in ("yes_no", "graded") and name != "scale")
            assert ("{instruction}" in wording.user) == bool(wording.instruction)


TRAINED = [name for name, held in registry.find("pointwise").card.presets.items() if held.backbone is not None]


@pytest.mark.parametrize("name", TRAINED)
def test_presets_of_checkpoints_run_on_a_random_model(tiny_backbone: Backbone, name: str) -> None:
    written = name.startswith("erank")
    method = preset(name, tiny_backbone, **({"answer_tokens": 8} if written else {}))
    method.ready()
    before = tiny_backbone.meter.total
    scores = method.rerank(QUERY, CANDIDATES)
    assert all(math.isfinite(score) for score in scores)
    assert (tiny_backbone.meter.total - before).answers == (3 if written else 0)
    held = registry.find("pointwise").card.presets[name].backbone
    assert held is not None
    assert held in catalogue.entries() or "/" in held
