"""What every method promises, whichever it is: found plugins are tested without being named here."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmark.artefacts import is_artefact
from benchmark.backbones.backbone import Backbone
from methods import registry
from methods.base import Candidate, Method
from tests.support.fitting import fit

CHOSEN = os.environ.get("RERANKBENCH_CONTRACT", "").split(",")
"""Methods to test, for `rerankbench check`; all where nothing is chosen."""

PLUGINS = {name: plugin for name, plugin in registry.plugins().items() if CHOSEN == [""] or name in CHOSEN}

MANY = 31
"""The largest window has 20, and moves by 10: there are three, and the last is cut."""

CASES = [
    (name, preset)
    for name, plugin in PLUGINS.items()
    for preset in ("default", *(key for key, value in plugin.card.presets.items() if value.backbone is None))
]
"""Presets that name layers or heads of one backbone need that backbone."""

CHECKPOINTS = [
    (name, preset)
    for name, plugin in PLUGINS.items()
    if plugin.card.family != "attention"
    for preset, value in plugin.card.presets.items()
    if value.backbone is not None
]
"""Presets of trained re-rankers: prompts and answer formats, which any backbone can be asked with."""

SEVERAL = [
    Candidate("d1", "Lime spots on copper vanish with vinegar.", title="Copper", score=9.5),
    Candidate("d2", "Naïve cafés serve 12 µg of 茶 – “tea” – at −3 °C 🫖.", score=7.25),
    Candidate("d3", "Rivers carry sand to the sea.", score=4.0),
    Candidate("d4", "Rivers carry sand to the sea.", score=4.0),
    Candidate("d5", "{query} {0} %s [1] [2] <|im_end|> </s>", score=-1.0),
]

QUERIES = {
    "plain": "what removes lime from copper",
    "braces and newlines": "first {line}\n\nsecond {0} line %s [1]",
    "unicode": "wo gibt es grünen 茶? 🫖",
    "one character": "?",
}


@pytest.fixture(scope="session")
def fitted_folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where artefacts and score tables of this session's fits are kept."""
    return tmp_path_factory.mktemp("fitted")


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}:{case[1]}")
def method(
    request: pytest.FixtureRequest, tiny_backbone: Backbone, tiny_pairs_backbone: Backbone, fitted_folders: Path
) -> Method[Any]:
    """The method, fitted first where it has to be."""
    name, preset = request.param
    plugin = registry.find(name)
    options = plugin.options(preset)
    option = plugin.method_class.fit_option
    if option and getattr(options, option) == type(options).model_fields[option].default:
        folder = fitted_folders / f"{name}-{preset}"
        if not is_artefact(folder):
            fit(plugin, options, tiny_backbone, folder, fitted_folders / "kept")
        options = plugin.options(preset, changes={option: str(folder)})
    backbone = tiny_pairs_backbone if "pairs" in plugin.card.needs else tiny_backbone
    return plugin.method_class(options, backbone if plugin.card.needs else None)


def scores_of(method: Method[Any], query: str, candidates: Sequence[Candidate]) -> list[float]:
    scores = method.rerank(query, candidates)
    assert len(scores) == len(candidates)
    assert all(isinstance(score, float) and math.isfinite(score) for score in scores)
    return scores


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_one_finite_score_a_candidate_and_the_same_again(method: Method[Any], query: str) -> None:
    before = list(SEVERAL)
    assert scores_of(method, query, SEVERAL) == scores_of(method, query, SEVERAL)
    assert before == SEVERAL, "the candidates were changed"


def test_what_the_model_is_given_is_noted(method: Method[Any]) -> None:
    """Whatever engine it goes through; the hash in a query's record is worth nothing otherwise."""
    if method._backbone is None:
        pytest.skip("needs no model")
    meter = method.backbone.meter

    def prompts(query: str) -> str | None:
        meter.take_prompts()
        before = meter.total.prompt_tokens
        method.rerank(query, SEVERAL)
        noted = meter.take_prompts()
        assert (noted is not None) == (meter.total.prompt_tokens > before)
        return noted

    first = prompts("what removes lime")
    assert first is not None
    assert prompts("what removes rust") != first
    assert prompts("what removes lime") == first


def test_no_candidates(method: Method[Any]) -> None:
    assert method.rerank("anything", []) == []


@pytest.mark.parametrize("candidate", SEVERAL, ids=lambda candidate: candidate.docid)
def test_a_single_candidate(method: Method[Any], candidate: Candidate) -> None:
    scores_of(method, "anything", [candidate])


def test_a_passage_of_5000_words(method: Method[Any]) -> None:
    # Short words: each letter is a token of the tiny backbone.
    long = Candidate("long", " ".join("abcdefg"[number % 7] for number in range(5000)), score=8.0)
    scores_of(method, "which word comes first", [SEVERAL[0], long, SEVERAL[1]])


def test_more_candidates_than_any_window(method: Method[Any]) -> None:
    scores_of(
        method,
        "anything",
        [Candidate(str(number), f"text number {number}", score=float(MANY - number)) for number in range(MANY)],
    )


@pytest.mark.parametrize("name", PLUGINS)
def test_the_card_is_complete(name: str) -> None:
    plugin = registry.find(name)
    card = plugin.card
    assert card.family == "baseline" or card.paper is not None, "a method comes from somewhere: name the paper"
    for preset in card.presets:
        assert plugin.options(preset) != plugin.options(), f"preset {preset} changes nothing"


@pytest.mark.parametrize("name", PLUGINS)
def test_a_preset_for_a_checkpoint_tells_its_published_numbers(name: str) -> None:
    """Or that there are none to be had: readers compare with them. Heads have theirs in ``published.json``."""
    card = registry.find(name).card
    if card.family != "attention":
        named = {key: preset.description for key, preset in card.presets.items() if preset.backbone}
        assert not [key for key, description in named.items() if "Published" not in description]


@pytest.mark.parametrize(("name", "preset"), CHECKPOINTS)
def test_a_preset_for_a_checkpoint_runs_on_a_random_model(
    tiny_backbone: Backbone, tiny_pairs_backbone: Backbone, monkeypatch: pytest.MonkeyPatch, name: str, preset: str
) -> None:
    write = tiny_backbone.language.generate

    def briefly(prompts: Any, limit: int, **rules: Any) -> Any:
        return write(prompts, min(limit, 8), **rules)

    monkeypatch.setattr(tiny_backbone.language, "generate", briefly)
    plugin = registry.find(name)
    backbone = tiny_pairs_backbone if "pairs" in plugin.card.needs else tiny_backbone
    scores_of(plugin.method_class(plugin.options(preset), backbone), QUERIES["plain"], SEVERAL)
