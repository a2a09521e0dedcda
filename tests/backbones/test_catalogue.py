"""Backbones by name: catalogue entries, their other sources, hub names, folders."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from benchmark.backbones import catalogue
from benchmark.backbones.catalogue import entries, find
from benchmark.backbones.spec import BackboneSpec, HubSource, LocalSource, WheelSource
from benchmark.errors import UserError
from benchmark.schema import parse


def test_every_entry_is_valid_and_pinned() -> None:
    found = entries()
    assert len(found) > 5
    for name, spec in found.items():
        assert find(name).name == name
        assert spec.licence is not None
        assert spec.parameters
        assert spec.context_length
        for source in spec.sources:
            assert not isinstance(source, LocalSource)
            if isinstance(source, HubSource):
                if source.revision is None:
                    assert "could not be confirmed" in " ".join((spec.notes or "").split())
                else:
                    assert len(source.revision) == 40


def test_chat_templates_of_the_catalogue_render_as_their_models_were_trained() -> None:
    from tests.backbones.language.made import tokenizer

    fast = tokenizer(entries()["rank-zephyr-7b-v1-full"].chat_template).fast
    fast.eos_token = "</s>"
    messages = [{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]
    text = fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert text == "<|system|>\nS</s>\n<|user|>\nU</s>\n<|assistant|>\n"

    fast = tokenizer(entries()["rank-vicuna-7b-v1"].chat_template).fast
    fast.eos_token = "</s>"
    assert fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == "S USER: U ASSISTANT:"
    answered = [*messages, {"role": "assistant", "content": "A"}]
    assert fast.apply_chat_template(answered, tokenize=False) == "S USER: U ASSISTANT: A</s>"

    fast = tokenizer(entries()["gemma-3-270m"].chat_template).fast
    assert fast.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == "S\n\nU\n\n"


@pytest.mark.parametrize("name", ["smollm2-135m-instruct", "SmolLM2_135M_Instruct", " smollm2-135m-instruct "])
def test_names_are_found_however_they_are_spelt(name: str) -> None:
    selected = find(name)
    assert selected.name == "smollm2-135m-instruct"
    assert isinstance(selected.source, WheelSource)


def test_another_source_of_an_entry_shows_in_its_name() -> None:
    selected = find("smollm2-135m-instruct@hub")
    assert isinstance(selected.source, HubSource)
    assert selected.name == "smollm2-135m-instruct@hub"
    assert find("smollm2-135m-instruct@wheel").name == "smollm2-135m-instruct"
    with pytest.raises(UserError, match=r"'qwen3-0\.6b' has no source 'wheel'\. It has: hub\."):
        find("qwen3-0.6b@wheel")


def test_hub_names_with_and_without_a_revision() -> None:
    selected = find("Owner/Model-1.5_x")
    assert selected.name == "Owner/Model-1.5_x"
    assert selected.source == HubSource(kind="hub", repository="Owner/Model-1.5_x", revision=None)
    assert find("owner/model@refs-1").source == HubSource(kind="hub", repository="owner/model", revision="refs-1")


def test_a_folder_is_a_backbone(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    selected = find(str(tiny_folder))
    assert selected.name == "tiny-llama"
    assert selected.source == LocalSource(kind="local", path=str(tiny_folder))
    assert selected.spec.dtype == "float32"
    monkeypatch.chdir(tiny_folder.parent)
    assert find("tiny-llama").source == selected.source
    monkeypatch.setenv("HOME", str(tiny_folder.parent))
    assert find("~/tiny-llama").source == selected.source


@pytest.mark.parametrize(
    ("folder", "name"),
    [("my model (v2)", "my-model-v2-"), ("_hidden", "hidden"), ("größe", "gr-e"), ("...", "model"), ("a@b", "a-b")],
)
def test_a_folder_may_be_called_anything(tmp_path: Path, folder: str, name: str) -> None:
    path = tmp_path / folder
    path.mkdir()
    (path / "config.json").write_text("{}")
    assert find(str(path)).name == name


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"Backbone folder {tmp_path} has no config\.json"):
        find(str(tmp_path))


@pytest.mark.parametrize(
    "name",
    ["smollm2-135m-instrct", "smollm2-135m-instrct@hub", "a/b/c", "./missing/model", "owner/model name", "a/"],
)
def test_unknown_names_are_refused_with_what_would_work(name: str) -> None:
    with pytest.raises(UserError) as caught:
        find(name)
    (problem,) = caught.value.problems
    assert problem.startswith(f"Unknown backbone '{name}'.")
    assert ("Did you mean 'smollm2-135m-instruct'?" in problem) == name.startswith("smollm2")
    assert "owner/repository" in problem


def test_name_and_file_name_must_be_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.yaml").write_text((catalogue.FOLDER / "qwen3-0.6b.yaml").read_text())
    monkeypatch.setattr(catalogue, "FOLDER", tmp_path)
    entries.cache_clear()
    try:
        with pytest.raises(UserError, match=r"one\.yaml: the entry is named 'qwen3-0\.6b'"):
            entries()
    finally:
        entries.cache_clear()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "int8"}, "'dtype'"),
        ({"sources": []}, "'sources'"),
        ({"context": 5}, r"unknown option 'context'"),
        ({"parameters": 0}, "'parameters'"),
        ({"sources": [{"kind": "hub", "repository": "a/b", "revision": None}] * 2}, "at most one source of each kind"),
        ({"sources": [{"kind": "torrent"}]}, "'sources.0'"),
    ],
)
def test_entries_that_make_no_sense_are_refused(change: dict[str, object], message: str) -> None:
    values = yaml.safe_load((catalogue.FOLDER / "qwen3-0.6b.yaml").read_text())
    with pytest.raises(UserError, match=message):
        parse(BackboneSpec, values | change, "entry")
