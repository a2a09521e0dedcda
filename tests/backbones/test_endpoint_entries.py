"""Entries that describe an endpoint: what is taken, what is refused, what is never repeated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmark.backbones.catalogue import find
from benchmark.backbones.loader import load
from benchmark.backbones.sources import prepare, settings_of, whereabouts
from benchmark.backbones.spec import EndpointSource
from benchmark.errors import UserError
from tests.support.endpoints import write_endpoint

URL = "http://127.0.0.1:8000/v1"


def refused(path: Path, **changes: Any) -> str:
    with pytest.raises(UserError) as caught:
        find(str(write_endpoint(path, changes.pop("base_url", URL), **changes)))
    return str(caught.value)


def test_a_file_is_a_backbone(tmp_path: Path) -> None:
    selected = find(str(write_endpoint(tmp_path / "served.yml", URL + "/", context_length=4096)))
    assert selected.name == "served"
    assert isinstance(selected.source, EndpointSource)
    assert selected.source.base_url == URL
    assert prepare(selected) is None
    assert whereabouts(selected, None) == (URL, "tiny")


def test_the_documented_example_is_an_entry(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "language-models.md").read_text()
    path = tmp_path / "example.yaml"
    path.write_text(text.partition("```yaml\n")[2].partition("```")[0])
    source = find(str(path)).source
    assert isinstance(source, EndpointSource)
    assert (source.api, source.key_env, source.echo) == ("completions", "VLLM_KEY", True)
    defaults = {name: field.default for name, field in EndpointSource.model_fields.items()}
    for name in ("top_logprobs", "concurrency", "timeout", "attempts"):
        assert getattr(source, name) == defaults[name], "the example shows the default"


def test_settings_hold_what_may_change_an_answer_and_nothing_else(tmp_path: Path, tiny_talker: Path) -> None:
    path = tmp_path / "served.yaml"

    def settings(**changes: Any) -> Any:
        selected = find(str(write_endpoint(path, URL, **changes)))
        return settings_of(selected, prepare(selected))

    usual = settings()
    assert usual["model"] == "tiny"
    assert usual["base_url"] == URL
    same = settings(key_env="A_KEY", prices={"prompt": 1, "completion": 2}, concurrency=2, timeout=9, attempts=1)
    assert same == usual
    assert "A_KEY" not in str(same)
    for change in (
        {"model": "other"},
        {"temperature": None},
        {"system_turn": False},
        {"top_logprobs": 5},
        {"extra_body": {"seed": 3}},
        {"context_length": 99},
    ):
        assert settings(**change) != usual
    made = settings(api="completions", tokenizer=str(tiny_talker))
    assert len(made["tokenizer_sha256"]) == 64
    assert settings(api="completions", tokenizer=str(tiny_talker), chat_template="{{ messages }}") != made
    assert str(tiny_talker) not in str(made)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"base_url": "http://me:opensesame@host/v1"}, "holds credentials or a query; name the environment variable"),
        ({"base_url": "https://host/v1?key=opensesame"}, "holds credentials or a query"),
        ({"base_url": "opensesame.example/v1"}, "must be a URL that begins with http:// or https://"),
        ({"key_env": "sk-opensesame"}, "key_env': String should match pattern"),
        ({"key": "sk-opensesame"}, "unknown option"),
        ({"kind": "opensesame-endpoint"}, "does not match any of the expected tags"),
        ({"api": "completions"}, "api=completions needs tokenizer"),
        ({"api": "completions", "tokenizer": "x", "prefill": "assistant_turn"}, "prefill: has no meaning with api="),
        ({"tokenizer": "x", "echo": True}, "tokenizer, echo: has no meaning with api=chat"),
        ({"model": ""}, "model': String should have at least 1 character"),
        ({"concurrency": 0}, "concurrency': Input should be greater than or equal to 1"),
        ({"timeout": 0}, "timeout': Input should be greater than 0"),
        ({"attempts": 0}, "attempts'"),
        ({"prices": {"prompt": 1}}, "prices.completion' is required"),
        ({"temprature": 0}, "unknown option"),
    ],
)
def test_entries_that_make_no_sense_are_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    message = refused(tmp_path / "served.yaml", **changes)
    assert words in message
    assert len(message.splitlines()) == 1
    if "opensesame" in str(changes) and "kind" not in changes:
        assert "opensesame" not in message


def test_weights_need_a_number_format_and_a_server_none(tmp_path: Path, tiny_talker: Path) -> None:
    path = tmp_path / "local.yaml"
    source = {"kind": "local", "path": str(tiny_talker)}
    path.write_text(yaml.safe_dump({"name": "here", "title": "Here", "sources": [source]}))
    with pytest.raises(UserError, match="dtype is required of a backbone with weights"):
        find(str(path))
    selected = find(str(write_endpoint(path, URL)))
    with pytest.raises(UserError, match="its server chose the number format; leave --dtype out"):
        load(selected, None, needs=["logits"], dtype="float32")


@pytest.mark.parametrize(
    ("needs", "words"),
    [(["attention"], "and attention is needed"), (["logits", "hidden_states"], "and hidden_states"), ([], "the model")],
)
def test_what_needs_the_weights_is_refused(tmp_path: Path, needs: list[str], words: str) -> None:
    selected = find(str(write_endpoint(tmp_path / "served.yaml", URL)))
    with pytest.raises(UserError, match="Backbone 'served' is behind an endpoint, which gives logits and") as caught:
        load(selected, None, needs=needs)
    assert words in str(caught.value)


def test_a_served_model_has_no_tokenizer_for_another(tmp_path: Path) -> None:
    other = write_endpoint(tmp_path / "other.yaml", URL)
    selected = find(str(write_endpoint(tmp_path / "served.yaml", URL, api="completions", tokenizer=str(other))))
    with pytest.raises(UserError, match="is served and has no tokenizer here"):
        prepare(selected)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere\.yaml: no such file"):
        find(str(tmp_path / "nowhere.yaml"))
