"""ICR's options and strategies on the demo LLM, without the official code's files."""

from __future__ import annotations

import pytest
import torch

from benchmark.backbones.backbone import Backbone
from benchmark.errors import QueryError, UserError
from methods import registry
from methods.base import Candidate
from methods.icr.method import Icr
from methods.in_context.icr import IcrOptions
from methods.in_context.prompt import documents_part, tail

CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once, or spots of lime remain on them."),
    Candidate("b", "The river Danube flows through ten countries and ends in the Black Sea.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
    Candidate("d", "Vienna, Budapest and Belgrade lie on the same river."),
]
QUERY = "How many countries does the Danube cross?"


def run(backbone: Backbone, **options: object) -> list[float]:
    return Icr(IcrOptions.model_validate(options), backbone).rerank(QUERY, CANDIDATES)


@pytest.mark.parametrize("kind", ["ie", "qa"])
@pytest.mark.parametrize("order", ["given", "reversed"])
def test_the_answer_is_found_whatever_the_order(demo_backbone: Backbone, kind: str, order: str) -> None:
    scores = run(demo_backbone, kind=kind, order=order)
    assert max(range(4), key=lambda index: scores[index]) == 1


def test_every_strategy_scores_differently(demo_backbone: Backbone) -> None:
    strategies = ["masked_na_calibration", "query_last", "attention_sorting", "na_only", "na_calibration_no_agg"]
    results = [run(demo_backbone, strategy=strategy) for strategy in strategies]
    assert len({tuple(scores) for scores in results}) == 5


@pytest.mark.parametrize(
    ("strategy", "minuend", "subtrahend"),
    [("na_calibration_no_agg", "attention_sorting", None), ("unmasked", "query_last", "na_only")],
)
def test_calibration_subtracts(demo_backbone: Backbone, strategy: str, minuend: str, subtrahend: str | None) -> None:
    """Calibrated scores lie below the uncalibrated ones by what the content-free query pays."""
    plain = torch.tensor(run(demo_backbone, strategy=minuend))
    if subtrahend is None:
        calibrated = torch.tensor(run(demo_backbone, strategy=strategy))
        assert (calibrated < plain).all()
    else:
        difference = plain - torch.tensor(run(demo_backbone, strategy=subtrahend))
        masked = torch.tensor(run(demo_backbone))
        # The mask only drops tokens far below their document's mean.
        assert (masked >= difference - 1e-4).all()


def test_windows_of_all_candidates_are_no_windows(demo_backbone: Backbone) -> None:
    assert run(demo_backbone, window=4) == run(demo_backbone)
    assert run(demo_backbone, window=20) == run(demo_backbone)


def test_sliding_window_scores_are_ranks(demo_backbone: Backbone) -> None:
    assert sorted(run(demo_backbone, window=2, stride=1)) == [1.0, 2.0, 3.0, 4.0]


def test_words_cut_the_text_and_not_the_title(demo_backbone: Backbone) -> None:
    cut = [Candidate(c.docid, " ".join(c.text.split(" ")[:3]), c.title) for c in CANDIDATES]
    method = Icr(IcrOptions(words=3), demo_backbone)
    assert method.rerank(QUERY, CANDIDATES) == Icr(IcrOptions(), demo_backbone).rerank(QUERY, cut)


def test_exact_and_official_spans_differ_by_a_token(demo_backbone: Backbone) -> None:
    """With this tokenizer official spans begin one token early, so the scores move a little."""
    exact, official = run(demo_backbone, spans="exact"), run(demo_backbone, spans="official")
    assert exact != official
    assert max(abs(a - b) for a, b in zip(exact, official, strict=True)) < max(map(abs, official))


def test_the_prompt_is_the_papers() -> None:
    from benchmark.backbones.spec import Chat

    chat = Chat(prefix="<u>", suffix="</u>", separator=" \n\n")
    text = "".join(part.text for part in [*documents_part(chat, ["A", "B"]), *tail(chat, " q ", "ie")])
    assert text == (
        "<u> Here are some paragraphs: \n\n[1] A \n\n[2] B \n\nPlease find information that are relevant to the "
        "following query in the paragraphs above. \n\nQuery: q</u>"
    )


def test_too_long_a_prompt_fails_and_says_by_how_much(demo_backbone: Backbone) -> None:
    long = [Candidate(str(number), "word " * 600) for number in range(16)]
    with pytest.raises(QueryError, match=r"more than the context of 8192: .*option words.*option window"):
        Icr(IcrOptions(), demo_backbone).rerank(QUERY, long)
    assert len(Icr(IcrOptions(words=20), demo_backbone).rerank(QUERY, long)) == 16


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stategy": "query_last"}, r"unknown option 'stategy'\. Did you mean 'strategy'\?"),
        ({"strategy": "best"}, r"'strategy': Input should be 'masked_na_calibration'"),
        ({"stride": "5"}, "stride needs a window"),
        ({"window": "4", "stride": "5"}, "stride 5 is larger than window 4"),
        ({"window": "1"}, "at least 2 passages"),
        ({"words": "-1"}, "'words'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        registry.find("icr").options(changes=options)
