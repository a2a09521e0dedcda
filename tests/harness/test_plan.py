"""What a cell's identity depends on, what it does not, and what is said about names."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from benchmark import suites
from benchmark.backbones.catalogue import Selected
from benchmark.backbones.spec import LocalSource
from benchmark.cli.run import command as run_command
from benchmark.collections import folder
from benchmark.errors import UserError
from benchmark.harness import record, requests
from benchmark.harness.plan import Planned, plan, select
from benchmark.harness.record import CellRequest
from benchmark.suites import Suite
from methods import registry
from tests.support.artefacts import head_artefact
from tests.support.collection import QUERIES, write_suite


def in_place(selected: Selected) -> Path:
    """`Prepare` for local folders, and for others a folder that nobody reads."""
    return Path(selected.source.path) if isinstance(selected.source, LocalSource) else Path("/nowhere/ab12")


def never(selected: Selected) -> Path:
    raise AssertionError(f"{selected.name} was fetched")


def cells_of(path: Path, **options: Any) -> list[Planned]:
    return plan(suites.find(str(path)), in_place, **options)


def only(path: Path, **options: Any) -> CellRequest:
    (cell,) = cells_of(path, **options)
    return cell.request


@pytest.fixture
def backbone(tmp_path: Path, tiny_folder: Path) -> Path:
    return shutil.copytree(tiny_folder, tmp_path / "tiny-llama")


@pytest.fixture
def suite(tmp_path: Path, small: Path, backbone: Path) -> Path:
    """One cell: ICR on the tiny backbone and the small collection."""
    return write_suite(tmp_path / "small.yaml", small, ["icr"], [str(backbone)])


def append(path: Path, text: str = "\n") -> None:
    with path.open("a") as stream:
        stream.write(text)


def test_the_same_request_has_the_same_identity(suite: Path) -> None:
    first, again = only(suite), only(suite)
    assert first == again
    assert first.identity == again.identity
    assert len(first.identity) == 64
    assert CellRequest.model_validate_json(first.model_dump_json()).identity == first.identity


SMALLER = {"depth": 3}
CHANGES: dict[str, Callable[[Path, Path, Path, pytest.MonkeyPatch], None]] = {
    "an option": lambda suite, town, model, _: write_suite(suite, town, ["icr:paper"], [str(model)]) and None,
    "the depth": lambda suite, town, model, _: write_suite(suite, town, ["icr"], [str(model)], **SMALLER) and None,
    "the corpus": lambda suite, town, *_: append(town / "corpus.jsonl"),
    "the topics": lambda suite, town, *_: append(town / "queries.jsonl"),
    "the judgements": lambda suite, town, *_: append(town / "qrels.tsv"),
    "the run": lambda suite, town, *_: append(town / "run.bm25.trec"),
    "the model's config": lambda suite, town, model, _: append(model / "config.json"),
    "the weights": lambda suite, town, model, _: append(model / "model.safetensors"),
    "the tokenizer": lambda suite, town, model, _: append(model / "tokenizer.json"),
    "the method's code": lambda suite, town, model, patch: patch.setattr(
        "methods.registry.Plugin.source_files", lambda _: {"icr/method.py": "changed"}
    ),
    "the engine's code": lambda suite, town, model, patch: patch.setattr(
        requests, "sha256_sources", lambda *_: {"backbones/attention.py": "changed"}
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_may_change_a_score_changes_the_identity(
    what: str, suite: Path, small: Path, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = only(suite)
    CHANGES[what](suite, small, backbone, monkeypatch)
    after = only(suite)
    assert after.identity != before.identity
    assert after.slug != before.slug


def test_the_protocol_and_the_schema_are_part_of_the_identity(suite: Path) -> None:
    request = only(suite)
    assert (request.protocol, request.schema_version) == (record.PROTOCOL, record.SCHEMA)
    for name in ("protocol", "schema_version"):
        assert request.model_copy(update={name: 99}).identity != request.identity


def test_dtype_and_hub_revision_change_the_identity(tmp_path: Path, small: Path, suite: Path) -> None:
    assert only(suite, dtype="bfloat16").identity != only(suite).identity
    assert only(suite, dtype="float32").identity == only(suite).identity, "it is the default"
    path = tmp_path / "hub.yaml"
    requests = [
        only(write_suite(path, small, ["icr"], [name]))
        for name in ("owner/model@aa", "owner/model@bb", "owner/other@aa")
    ]
    assert len({request.identity for request in requests}) == 3
    backbone = requests[0].backbone
    assert backbone is not None
    assert (backbone.source, backbone.location, backbone.revision) == ("hub", "owner/model", "aa")
    unpinned = only(write_suite(path, small, ["icr"], ["owner/model"])).backbone
    assert unpinned is not None
    assert unpinned.revision == "ab12", "the snapshot's folder is named after its commit"


def test_where_things_lie_does_not_change_the_identity(
    tmp_path: Path, suite: Path, small: Path, backbone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = only(suite)
    elsewhere = tmp_path / "else" / "where"
    shutil.copytree(small, elsewhere / small.name)
    shutil.copytree(backbone, elsewhere / backbone.name)
    monkeypatch.setattr("benchmark.harness.provenance.processor", lambda: "another machine")
    other = write_suite(elsewhere / "renamed.yaml", elsewhere / small.name, ["icr"], [str(elsewhere / backbone.name)])
    assert only(other).identity == before.identity
    assert str(tmp_path) not in before.model_dump_json()


def test_a_method_without_needs_is_one_cell_whatever_the_backbones(tmp_path: Path, small: Path) -> None:
    path = write_suite(tmp_path / "s.yaml", small, ["first-stage"], ["smollm2-135m-instruct", "qwen3-0.6b"])
    (cell,) = plan(suites.find(str(path)), never)
    assert cell.request.backbone is None
    assert (cell.backbone, cell.folder) == (None, None)
    assert "--backbone" not in cell.command
    assert cell.queries == len(QUERIES)


def test_cells_of_one_backbone_follow_each_other(tmp_path: Path, small: Path, backbone: Path) -> None:
    methods = ["icr", "first-stage", "icr:paper"]
    fetched = []

    def prepare(selected: Selected) -> Path:
        fetched.append(selected.name)
        return in_place(selected)

    suite = suites.find(str(write_suite(tmp_path / "s.yaml", small, methods, [str(backbone), "owner/model@aa"])))
    cells = plan(suite, prepare)
    assert [(cell.request.method.preset, cell.request.backbone and cell.request.backbone.name) for cell in cells] == [
        ("default", None),
        ("default", "tiny-llama"),
        ("paper", "tiny-llama"),
        ("default", "owner/model"),
        ("paper", "owner/model"),
    ]
    assert fetched == ["tiny-llama", "owner/model"]


def test_a_cell_that_is_named_twice_is_planned_once(tmp_path: Path, small: Path, backbone: Path) -> None:
    path = write_suite(tmp_path / "s.yaml", small, ["icr", "ICR", "icr:default"], [str(backbone)] * 2)
    assert len(cells_of(path)) == 1


def test_topics_without_candidates_are_counted(tmp_path: Path, small: Path) -> None:
    lines = (small / "run.bm25.trec").read_text().splitlines(keepends=True)
    (small / "run.bm25.trec").write_text("".join(line for line in lines if not line.startswith("q6")))
    (cell,) = cells_of(write_suite(tmp_path / "s.yaml", small))
    assert cell.queries == len(QUERIES)


def test_a_collection_without_topics_is_refused(tmp_path: Path, small: Path) -> None:
    (small / "queries.jsonl").write_text("\n")
    with pytest.raises(UserError, match=r"Collection 'town' \(test\) has no topics"):
        cells_of(write_suite(tmp_path / "s.yaml", small))


def test_every_problem_is_reported_at_once_and_nothing_is_fetched(tmp_path: Path, small: Path) -> None:
    path = write_suite(
        tmp_path / "s.yaml",
        small,
        ["ircr", "ircr", "icr:papr", "first-stage"],
        ["smollm2-135m-instrct", "qwen3-0.6b"],
        collections=[
            {"collection": "dmeo"},
            {"collection": "demo", "split": "tets"},
            {"collection": "demo", "first_stage": "bm25"},
            {"collection": str(small), "first_stage": "bm52"},
        ],
    )
    with pytest.raises(UserError) as caught:
        plan(suites.find(str(path)), never)
    assert [problem.partition(" A ")[0] for problem in caught.value.problems] == [
        "Unknown method 'ircr'. Did you mean 'icr'?",
        "Unknown preset of method 'icr': 'papr'. Did you mean 'paper'?",
        "Unknown backbone 'smollm2-135m-instrct'. Did you mean 'smollm2-135m-instruct'?",
        "Unknown collection 'dmeo'. Did you mean 'demo'?",
        "Unknown split of collection 'demo': 'tets'. Did you mean 'test'?",
        "Unknown first stage of 'demo': 'bm25'. Did you mean 'bm25s'?",
        "Unknown first stage of 'town': 'bm52'. Did you mean 'bm25'?",
    ]


def test_a_method_that_needs_a_backbone_must_have_one(tmp_path: Path, small: Path) -> None:
    with pytest.raises(UserError, match="Method 'icr' needs a backbone and the suite names none"):
        cells_of(write_suite(tmp_path / "s.yaml", small, ["first-stage", "icr"]))


def test_a_damaged_collection_is_found_before_anything_is_fetched(tmp_path: Path, small: Path) -> None:
    (small / "qrels.tsv").unlink()
    with pytest.raises(UserError, match=r"town: no qrels\.tsv or qrels/test\.tsv there"):
        plan(suites.find(str(write_suite(tmp_path / "s.yaml", small, ["icr"], ["qwen3-0.6b"]))), never)


@pytest.fixture
def wide(tmp_path: Path, small: Path) -> Suite:
    entries = [
        {"collection": str(small)},
        {"collection": str(small), "first_stage": "bm25"},
        {"collection": "demo"},
    ]
    return suites.find(
        str(write_suite(tmp_path / "s.yaml", "x", ["icr", "icr:paper", "first-stage"], ["a/b"], collections=entries))
    )


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        ([], ["icr:default", "icr:paper", "first-stage:default"]),
        (["icr"], ["icr:default", "icr:paper"]),
        (["ICR"], ["icr:default", "icr:paper"]),
        (["icr:paper"], ["icr:paper"]),
        (["icr:paper-ie"], ["icr:paper-ie"]),
        (["first-stage", "icr:default"], ["first-stage:default", "icr:default"]),
        (["elsewhere"], ["elsewhere:default"]),
        (["elsewhere:fast"], ["elsewhere:fast"]),
    ],
)
def test_methods_are_selected_by_name_and_preset(wide: Suite, asked: list[str], chosen: list[str]) -> None:
    selected = select(wide, asked, [], [], None)
    assert [f"{entry.method}:{entry.preset}" for entry in selected.methods] == chosen
    assert (selected.backbones, selected.collections, selected.depth) == (wide.backbones, wide.collections, wide.depth)


def test_collections_backbones_and_depth_are_selected(wide: Suite, small: Path) -> None:
    def chosen(*names: str) -> list[tuple[str, str, str | None]]:
        return [
            (entry.collection, entry.split, entry.first_stage)
            for entry in select(wide, [], [], names, None).collections
        ]

    town = str(small)
    assert chosen(town) == [(town, "test", None), (town, "test", "bm25")]
    assert chosen(f"{town}:test:bm25") == [(town, "test", "bm25")]
    assert chosen("Demo") == [("demo", "test", None)]
    assert chosen("demo:train") == [("demo", "train", None)]
    assert chosen("other:test:dense") == [("other", "test", "dense")]
    selected = select(wide, [], ["c/d", "e/f"], [], 7)
    assert (selected.backbones, selected.depth) == (("c/d", "e/f"), (7,))


def parsed(command: str) -> dict[str, Any]:
    """What the command line understands of a command."""
    program, name, *words = shlex.split(command)
    assert (program, name) == ("rerankbench", "run")
    with click.Context(run_command) as context:
        values, rest, _ = run_command.make_parser(context).parse_args(words)
    assert not rest
    return values


@pytest.mark.parametrize("dtype", [None, "bfloat16"])
def test_a_cells_command_asks_for_that_cell_alone(
    tmp_path: Path, small: Path, backbone: Path, dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(small / "run.bm25.trec", small / "run.other.trec")
    append(small / "run.other.trec")
    path = write_suite(
        tmp_path / "of mine.yaml",
        small,
        ["first-stage", "icr", "icr:paper"],
        [str(backbone), "owner/model@aa"],
        collections=[
            {"collection": str(small)},
            {"collection": str(small), "first_stage": "other"},
            {"collection": "demo"},
        ],
    )
    cells = plan(suites.find(str(path)), in_place, dtype=dtype, typed=str(path))
    assert len(cells) == 15
    for cell in cells:
        assert str(tmp_path) not in cell.command
        values = parsed(cell.command)
        again = plan(
            select(
                suites.find(values["suite"]),
                values["methods"],
                values.get("backbones") or [],
                values["collections"],
                int(values["depth"]),
            ),
            in_place,
            dtype=values.get("dtype"),
        )
        assert [other.request.identity for other in again] == [cell.request.identity]


def test_a_command_tells_nothing_of_where_somebody_keeps_files(tmp_path: Path, suite: Path, monkeypatch: Any) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (cell,) = cells_of(suite, typed=str(suite))
    words = shlex.split(cell.command)
    assert words[2] == "small.yaml"
    assert words[words.index("--backbone") + 1] == "tiny-llama"
    assert words[words.index("--collection") + 1] == "town:test:bm25"
    relative = Path("..") / suite.name
    (cell,) = cells_of(relative, typed=str(relative))
    assert shlex.split(cell.command)[2] == "small.yaml"


def with_heads(path: Path, small: Path, backbone: Path, artefact: Path) -> Suite:
    suite = suites.find(str(write_suite(path, small, ["qrhead"], [str(backbone)])))
    return select(suite, ["qrhead"], [], [], None, {"heads": str(artefact)})


def fitted_cell(path: Path, small: Path, backbone: Path, artefact: Path) -> CellRequest:
    (cell,) = plan(with_heads(path, small, backbone, artefact), in_place)
    return cell.request


def test_an_artefacts_content_is_part_of_the_identity_and_its_folder_is_not(
    tmp_path: Path, small: Path, backbone: Path
) -> None:
    here = head_artefact(tmp_path / "here").folder
    first = fitted_cell(tmp_path / "s.yaml", small, backbone, here)
    assert first.method.options["heads"] == "qrhead.tiny-llama.school.train"
    assert list(first.method.artefacts) == ["heads"]
    assert str(tmp_path) not in first.model_dump_json()
    moved = Path(shutil.copytree(here, tmp_path / "else" / "where"))
    assert fitted_cell(tmp_path / "s.yaml", small, backbone, moved).identity == first.identity
    head_artefact(here, heads=("0-0",))
    changed = fitted_cell(tmp_path / "s.yaml", small, backbone, here)
    assert changed.method.options == first.method.options
    assert changed.identity != first.identity


def test_an_altered_artefact_is_refused_before_anything_is_fetched(tmp_path: Path, small: Path, backbone: Path) -> None:
    folder = head_artefact(tmp_path / "fit").folder
    header = (folder / "artefact.json").read_text()
    (folder / "artefact.json").write_text(header.replace('"1-2"', '"1-3"'))
    suite = with_heads(tmp_path / "s.yaml", small, backbone, folder)
    with pytest.raises(UserError, match=r"artefact\.json: was altered after the fit"):
        plan(suite, never)


def test_a_preset_of_another_backbone_is_left_out_and_said_so(tmp_path: Path, small: Path, backbone: Path) -> None:
    presets = [name for name, preset in registry.find("selective-icr").card.presets.items() if preset.backbone]
    assert presets
    notes: list[str] = []
    path = write_suite(tmp_path / "s.yaml", small, ["icr", f"selective-icr:{presets[0]}"], [str(backbone)])
    assert only(path, note=notes.append).method.name == "icr"
    assert notes == [f"Left out: selective-icr:{presets[0]} is made for another backbone than {backbone}."]
    alone = write_suite(tmp_path / "alone.yaml", small, [f"selective-icr:{presets[0]}"], [str(backbone)])
    with pytest.raises(UserError, match="Suite 'small' holds no cell that can be run"):
        cells_of(alone)


def test_a_preset_serves_its_backbone_wherever_it_comes_from(tmp_path: Path, small: Path) -> None:
    presets = registry.find("selective-icr").card.presets
    (name, *_) = [name for name, preset in presets.items() if preset.backbone == "qwen3-0.6b"]
    notes: list[str] = []
    path = write_suite(tmp_path / "s.yaml", small, [f"selective-icr:{name}"], ["qwen3-0.6b"])
    assert only(path, note=notes.append).method.preset == name
    assert notes == []


def test_a_folder_serves_a_preset_if_it_is_called_as_the_repository(
    tmp_path: Path, small: Path, tiny_folder: Path
) -> None:
    backbone = shutil.copytree(tiny_folder, tmp_path / "First_Model")
    notes: list[str] = []
    path = write_suite(tmp_path / "named.yaml", small, ["first:first-zephyr", "first:first-mistral"], [str(backbone)])
    cells = cells_of(path, note=notes.append)
    assert [cell.request.method.preset for cell in cells] == ["first-zephyr"]
    assert len(notes) == 1


def test_a_method_is_not_asked_of_a_backbone_of_another_kind(tmp_path: Path, small: Path) -> None:
    notes: list[str] = []
    names = ["smollm2-135m-instruct@hub", "ms-marco-minilm-l6-v2"]
    cells = cells_of(
        write_suite(tmp_path / "mixed.yaml", small, ["icr", "cross-encoder:minilm-l6"], names), note=notes.append
    )
    assert [(cell.request.method.name, cell.backbone) for cell in cells] == [
        ("icr", "smollm2-135m-instruct@hub"),
        ("cross-encoder", "ms-marco-minilm-l6-v2"),
    ]
    assert notes == [
        "Left out: cross-encoder cannot use smollm2-135m-instruct@hub, a backbone of another kind.",
        "Left out: icr cannot use ms-marco-minilm-l6-v2, a backbone of another kind.",
    ]


def test_methods_are_crossed_with_first_stages_and_depths(tmp_path: Path, small: Path) -> None:
    """How much a re-ranker gains depends on both."""
    shutil.copy(small / "run.bm25.trec", small / "run.dense.trec")
    crossed = [{"collection": str(small), "first_stage": ["bm25", "dense"]}]
    path = write_suite(tmp_path / "s.yaml", small, collections=crossed, depth=[2, 4])
    cells = cells_of(path)
    asked = [(cell.request.collection.first_stage, cell.request.collection.depth) for cell in cells]
    assert asked == [("bm25", 2), ("bm25", 4), ("dense", 2), ("dense", 4)]
    for cell in cells:
        words = shlex.split(cell.command)
        again = select(
            suites.find(str(path)),
            [],
            [],
            [words[words.index("--collection") + 1]],
            int(words[words.index("--depth") + 1]),
        )
        # The command names the folder relative to where it is run.
        (entry,) = again.collections
        assert (entry.first_stages, again.depth) == (
            (cell.request.collection.first_stage,),
            (cell.request.collection.depth,),
        )


def test_ten_thousand_cells_are_planned_without_reading_a_collection_more_than_once(
    tmp_path: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Path] = []
    real = folder.content_hash
    monkeypatch.setattr(folder, "content_hash", lambda *of: read.append(of[0]) or real(*of))
    path = write_suite(tmp_path / "s.yaml", small, depth=list(range(1, 10_001)))
    assert len(cells_of(path)) == 10_000
    assert len(read) == 1
