"""Every input is part of a cell's identity; nothing else is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark import suites
from benchmark.cli.options import prepared
from benchmark.collections.rules import Rules
from benchmark.harness import requests
from benchmark.harness.plan import Planned, plan
from benchmark.harness.record import BackboneRequest, CellRequest
from benchmark.harness.runner import Execution, require_complete, run_cells
from benchmark.harness.store import CellWriter, read_cell
from tests.harness.test_runner import Seen
from tests.support.collection import write_suite
from tests.support.endpoints import write_endpoint
from tests.support.records import cell_request

FULL = CellRequest.model_validate_json(
    cell_request(
        backbone=True,
        options={"order": "given", "window": 4, "heads": None, "layers": [1, 2], "scale": 0.5, "strict": True},
        artefacts={"heads": "ee"},
    ).model_dump_json()
)
FULL = FULL.model_copy(
    update={
        "backbone": FULL.backbone
        and FULL.backbone.model_copy(
            update={
                "settings": {"chat_template": "{{ messages }}", "context_length": 512},
                "markup_sha256": "ff",
            }
        )
    }
)
"""A request with a value in every field."""

Path_ = tuple[str | int, ...]


def leaves(value: Any, at: Path_ = ()) -> Iterator[Path_]:
    """Where every single value of a request stands; an empty list or mapping is one, too."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [leaf for key, item in items for leaf in leaves(item, (*at, key))]
    yield from found or [at]


def changed(value: Any, at: Path_, new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = changed(copy[at[0]], at[1:], new)
    return copy


VALUES = FULL.model_dump(mode="json")
LEAVES = sorted(leaves(VALUES), key=str)


def test_the_request_has_a_value_in_every_field() -> None:
    """Else a field that is added later would not be tested here."""
    names = {name for name in LEAVES if name[0] != "method" or name[1] != "options"}
    assert not [name for name in names if value_at(name) in (None, {}, [])]
    models = (FULL, FULL.method, FULL.backbone, FULL.collection, FULL.collection.rules)
    for model in models:
        assert model is not None
        assert set(model.model_dump()) == set(type(model).model_fields)


def value_at(at: Path_) -> Any:
    value: Any = VALUES
    for key in at:
        value = value[key]
    return value


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()


@given(at=st.sampled_from(LEAVES), new=scalars)
@settings(max_examples=300, deadline=None)
def test_any_change_of_any_value_is_another_identity(at: Path_, new: Any) -> None:
    old = value_at(at)
    if type(new) is type(old) and new == old:
        return
    other = sha(changed(VALUES, at, new))
    assert other != FULL.identity


def sha(values: Any) -> str:
    from benchmark.hashing import sha256_json

    return sha256_json(values)


@given(order=st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_keys_is_no_change(order: Any) -> None:
    def shuffled(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        keys = list(value)
        order.shuffle(keys)
        return {key: shuffled(value[key]) for key in keys}

    assert CellRequest.model_validate(shuffled(VALUES)).identity == FULL.identity


def test_a_request_and_its_record_have_the_same_identity(tmp_path: Path) -> None:
    with CellWriter(tmp_path, FULL) as writer:
        pass
    assert read_cell(writer.folder).request.identity == FULL.identity
    assert json.loads((writer.folder / "request.json").read_text()) == VALUES


def only(path: Path) -> Planned:
    (cell,) = plan(suites.find(str(path)), lambda selected: prepared(selected, False))
    return cell


def test_the_attention_implementation_is_part_of_it(
    tmp_path: Path, small: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suite = write_suite(tmp_path / "s.yaml", small, ["icr"], [str(tiny_folder)])
    before = only(suite).request
    other = "sdpa" if before.backbone and before.backbone.attention != "sdpa" else "flash_attention_2"
    monkeypatch.setattr(requests, "available_kernel", lambda _: other)
    assert only(suite).request.identity != before.identity


def test_what_is_removed_from_the_candidates_is_part_of_it() -> None:
    field, default = next((name, value) for name, value in Rules().model_dump().items() if isinstance(value, bool))
    collection = FULL.collection.model_copy(update={"rules": Rules(**{field: not default})})
    assert FULL.model_copy(update={"collection": collection}).identity != FULL.identity


def test_settings_of_a_server_are_part_of_it(tmp_path: Path, small: Path) -> None:
    def identity(**entry: Any) -> str:
        served = write_endpoint(tmp_path / "served.yaml", "http://127.0.0.1:9/v1", **entry)
        return only(write_suite(tmp_path / "s.yaml", small, ["rankgpt"], [str(served)])).request.identity

    found = [
        identity(),
        identity(context_length=512),
        identity(model="other"),
        identity(base_url="http://127.0.0.1:8/v1"),
    ]
    assert len(set(found)) == len(found)
    assert identity() == found[0]
    assert identity(concurrency=2) == found[0], "how many requests are under way at once"


def test_the_entrys_chat_markers_are_part_of_it(tmp_path: Path, small: Path, tiny_folder: Path) -> None:
    def backbone(**entry: Any) -> BackboneRequest:
        path = tmp_path / "entry.yaml"
        source = {"kind": "local", "path": str(tiny_folder)}
        path.write_text(json.dumps({"name": "t", "title": "T", "dtype": "float32", "sources": [source], **entry}))
        found = only(write_suite(tmp_path / "s.yaml", small, ["icr"], [str(path)])).request.backbone
        assert found is not None
        return found

    found = [
        backbone(),
        backbone(chat={"prefix": "<", "suffix": ">", "separator": " "}),
        backbone(chat_template="{{ messages[0].content }}"),
    ]
    assert len({entry.markup_sha256 for entry in found}) == 3
    assert found[0].markup_sha256 is None
    assert "markup_sha256" not in found[0].model_dump()


@pytest.mark.slow
def test_executor_and_folder_are_no_part_of_it(tmp_path: Path, small: Path) -> None:
    """The same cell, run here and there in different ways, has the same folder and the same bytes of its run file."""
    cell = only(write_suite(tmp_path / "s.yaml", small))
    runs = []
    for name, execution in (
        ("one", Execution(threads=1)),
        ("other", Execution(threads=2, workers=2, query_timeout=600.0, retry_failed=True)),
    ):
        require_complete(run_cells([cell], tmp_path / name, execution, Seen()))
        runs.append((tmp_path / name / cell.request.slug / "run.trec").read_bytes())
    assert runs[0] == runs[1]
