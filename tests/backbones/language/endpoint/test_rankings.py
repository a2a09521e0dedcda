"""The demo model behind real servers gives what it gives here.

Two servers, each in a process of its own: one of these tests' own over plain transformers, which tells
log-probabilities, and ``transformers serve``, which does not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.backbones.backbone import Backbone
from benchmark.backbones.catalogue import find
from benchmark.backbones.language import Message, Prompt
from benchmark.backbones.sources import prepare
from benchmark.errors import Unavailable, UserError
from methods.base import Candidate
from methods.first.method import First, FirstOptions
from methods.rankgpt.method import RankGpt, RankGptOptions
from tests.support.endpoints import load_endpoint
from tests.support.processes import language_server, transformers_server

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

DEMO = "smollm2-135m-instruct"
KEY = "sk-opensesame"
CANDIDATES = [
    Candidate("a", "Copper pans should be dried at once, or spots of lime remain on them."),
    Candidate("b", "The river Danube flows through ten countries and ends in the Black Sea.", title="Danube"),
    Candidate("c", "Sourdough needs a warm place; at 26 degrees it doubles in five hours."),
    Candidate("d", "Vinegar removes lime; rinse the pan with clear water afterwards."),
]
QUERIES = ["How many countries does the Danube cross?", "What removes lime from copper?"]
CHAT: dict[str, Any] = {"prefill": "continue_final_message", "top_logprobs": 5000}
COMPLETIONS: dict[str, Any] = {"api": "completions", "tokenizer": DEMO}
ALSO = pytest.param(COMPLETIONS, marks=pytest.mark.slow)


@pytest.fixture(scope="module")
def folder() -> Path:
    found = prepare(find(DEMO))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with language_server(folder, "demo", KEY) as running:
        yield running


@pytest.fixture
def served(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Backbone]:
    monkeypatch.setenv("SERVED_KEY", KEY)

    def make(**changes: Any) -> Backbone:
        return load_endpoint(
            tmp_path, url, **{"model": "demo", "key_env": "SERVED_KEY", "timeout": 60.0, "attempts": 1} | changes
        )

    return make


@pytest.mark.parametrize(
    "changes", [CHAT, ALSO, pytest.param(COMPLETIONS | {"echo": True, "top_logprobs": 5}, marks=pytest.mark.slow)]
)
def test_first_ranks_as_it_does_locally(
    served: Callable[..., Backbone], demo_language_backbone: Backbone, changes: dict[str, Any]
) -> None:
    local, remote = (First(FirstOptions(), backbone) for backbone in (demo_language_backbone, served(**changes)))
    remote.ready()
    for query in QUERIES[:1] if changes.get("echo") else QUERIES:
        expected = local.rerank(query, CANDIDATES)
        assert max(expected) - min(expected) > 0.1
        assert remote.rerank(query, CANDIDATES) == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("changes", [CHAT, ALSO])
def test_rankgpt_ranks_as_it_does_locally(
    served: Callable[..., Backbone], demo_language_backbone: Backbone, changes: dict[str, Any]
) -> None:
    check_rankgpt(served(**changes), demo_language_backbone)


def check_rankgpt(remote: Backbone, local: Backbone) -> None:
    # Room for a ranking and a few words more, so that the answers' ends are compared too.
    options = RankGptOptions(answer_tokens=24)
    one, other = RankGpt(options, local), RankGpt(options, remote)
    other.ready()
    before, after = local.meter.total, remote.meter.total
    for query in QUERIES:
        assert other.rerank(query, CANDIDATES) == one.rerank(query, CANDIDATES)
    local_cost, remote_cost = local.meter.total - before, remote.meter.total - after
    assert remote_cost.faults == local_cost.faults
    assert (remote_cost.answers, remote_cost.forward_passes) == (len(QUERIES), len(QUERIES))
    assert remote_cost.prompt_tokens == local_cost.prompt_tokens


def test_likelihoods_and_vocabulary_are_the_local_ones(
    served: Callable[..., Backbone], demo_language_backbone: Backbone
) -> None:
    local, remote = demo_language_backbone.language, served(**COMPLETIONS, echo=True).language
    remote.require("likelihood", "vocabulary", "tokens")
    prompt = Prompt((Message("user", "Name a river of Europe."),))
    assert remote.likelihood([remote.encode(prompt, "The Danube.")]) == pytest.approx(
        local.likelihood([local.encode(prompt, "The Danube.")]), abs=1e-3
    )
    answers = [("The", " The"), ("River", " River"), ("blue", " blue")]
    ((found),) = remote.next_token([remote.encode(prompt)], answers, over="vocabulary")
    ((expected),) = local.next_token([local.encode(prompt)], answers, over="vocabulary")
    assert found == pytest.approx(expected, abs=1e-3)


def test_a_wrong_key_and_a_model_that_is_not_served(
    served: Callable[..., Backbone], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Unavailable, match=r"model 'demon' is not served there.* Served: demo\."):
        RankGpt(RankGptOptions(), served(model="demon")).ready()
    monkeypatch.setenv("SERVED_KEY", "sk-wrong-one")
    with pytest.raises(Unavailable, match="the key in SERVED_KEY is not accepted") as caught:
        RankGpt(RankGptOptions(), served()).ready()
    assert "Invalid key: [key]" in str(caught.value)


@pytest.mark.slow
def test_transformers_serve(tmp_path: Path, folder: Path, demo_language_backbone: Backbone) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for path in folder.iterdir():
        (model / path.name).symlink_to(path)
    config = json.loads((folder / "config.json").read_text())
    (model / "config.json").unlink()
    # It looks its class up by this name, which the conversion of the weights leaves out.
    (model / "config.json").write_text(json.dumps(config | {"architectures": ["LlamaForCausalLM"]}))
    with transformers_server(model) as url:
        backbone = load_endpoint(tmp_path, url, model=str(model), timeout=60.0, attempts=1)
        check_rankgpt(backbone, demo_language_backbone)
        with pytest.raises(UserError, match=r"cannot give what the method needs \(next_token\)"):
            backbone.language.require("next_token")
