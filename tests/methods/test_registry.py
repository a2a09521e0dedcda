"""Methods are found beside the registry and among installed packages; nothing else names them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmark.errors import UserError
from methods import registry
from methods.registry import Plugin, find, plugins
from tests.support.plugin import METHOD, installed, write_plugin


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stands in for the folder that holds the methods."""
    monkeypatch.setattr(registry, "_HERE", tmp_path)
    plugins.cache_clear()
    yield tmp_path
    plugins.cache_clear()


def test_the_methods_of_this_project_are_found() -> None:
    here = Path(registry.__file__).parent
    expected = {path.parent.name.replace("_", "-") for path in here.glob("*/card.yaml")}
    assert {"first-stage", "icr"} <= expected <= set(plugins())
    for name in expected:
        plugin = find(name)
        assert plugin.folder == here / name.replace("-", "_")
        assert plugin.method_class.__module__ == f"methods.{plugin.folder.name}.method"


def test_finding_methods_imports_none(tmp_path: Path) -> None:
    """`rerankbench list methods` stays quick, and works where a method's own dependencies are missing."""
    write_plugin(tmp_path / "plugins", method="raise ImportError('no such wheel')")
    program = (
        "import sys; from methods import registry; found = registry.plugins();"
        "[plugin.card for plugin in found.values()];"
        "assert 'faulty' in found and 'icr' in found, found;"
        "assert not [name for name in sys.modules if name.endswith('.method') or name == 'torch'];"
    )
    with installed(tmp_path / "plugins"):
        subprocess.run([sys.executable, "-c", program], check=True)
        with pytest.raises(UserError, match=r"method\.py: cannot be imported \(ImportError: no such wheel\)\."):
            _ = find("faulty").method_class


def test_no_methods_class_needs_transformers() -> None:
    """Planning a run asks every method for its options; transformers' model code takes seconds to import."""
    program = (
        "import sys; from methods import registry;"
        "[plugin.method_class for plugin in registry.plugins().values()];"
        "assert 'methods.icr.method' in sys.modules and 'transformers' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("name", ["first-stage", "First_Stage", " FIRST-STAGE "])
def test_names_are_found_however_they_are_spelt(name: str) -> None:
    assert find(name).name == "first-stage"


def test_unknown_names_get_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"^Unknown method 'frist_stage'\. Did you mean 'first-stage'\?$"):
        find("frist_stage")
    with pytest.raises(UserError, match=r"^Unknown method 'zzz'\. Known: .*first-stage, .*icr.*\.$"):
        find("zzz")


def test_an_installed_package_is_a_method(faulty: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plugin = find("Faulty")
    assert plugin == Plugin("faulty", "faulty", tmp_path / "plugins" / "faulty")
    assert plugin.card.title == "Faulty"
    assert plugin.method_class.__name__ == "Faulty"
    assert plugin.options("tied").model_dump()["tied"] is True
    assert list(plugin.source_files())[:2] == ["faulty/__init__.py", "faulty/method.py"]


def test_a_package_below_another_is_a_method(tmp_path: Path) -> None:
    outer = write_plugin(tmp_path / "plugins", "outer") / "outer"
    shutil.copytree(outer, outer / "inner")
    points = tmp_path / "plugins" / "outer-1.0.dist-info" / "entry_points.txt"
    points.write_text(f"[{registry.GROUP}]\nNested_One = outer.inner\n")
    with installed(tmp_path / "plugins"):
        assert "outer" not in plugins()
        assert find("nested-one").folder == outer / "inner"
        assert find("nested-one").method_class.__module__ == "outer.inner.method"


def test_two_methods_of_one_name_are_refused(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins", "First_Stage")
    with (
        installed(tmp_path / "plugins"),
        pytest.raises(UserError, match=r"Two methods are named 'first-stage': .*first_stage and .*Rename one of them"),
    ):
        plugins()


@pytest.mark.parametrize("value", ["gone", "gone.inner", "gone_too:Method", "faulty.method"])
def test_an_entry_point_to_nothing_names_its_package(tmp_path: Path, value: str) -> None:
    points = write_plugin(tmp_path / "plugins") / "faulty-1.0.dist-info" / "entry_points.txt"
    points.write_text(f"[{registry.GROUP}]\nbad = {value}\n")
    with (
        installed(tmp_path / "plugins"),
        pytest.raises(UserError, match=r"^Method 'bad' of the installed package 'faulty': there is no package '"),
    ):
        plugins()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "0 Method classes; there must be exactly one"),
        ("from methods.first_stage.method import FirstStage\n", "0 Method classes"),
        (METHOD + "\n\nclass Another(Faulty):\n    pass\n", "2 Method classes"),
        ("def broken(:\n", r"cannot be imported \(SyntaxError: "),
    ],
    ids=["empty", "imported", "two", "syntax"],
)
def test_there_is_one_class_in_a_method_file(tmp_path: Path, source: str, message: str) -> None:
    with (
        installed(write_plugin(tmp_path / "plugins", method=source)),
        pytest.raises(UserError, match=rf"faulty/method\.py: {message}"),
    ):
        _ = find("faulty").method_class


@pytest.mark.parametrize(
    ("card", "message"),
    [
        ("title: [", r"card\.yaml: not valid YAML"),
        ("titel: Faulty", r"card\.yaml: unknown option 'titel'\. Did you mean 'title'\?"),
        (
            "{title: F, family: magic, summary: s, licence: MIT}",
            r"card\.yaml: 'family': Input should be 'baseline', .* \(got 'magic'\)",
        ),
    ],
)
def test_a_card_is_checked(tmp_path: Path, card: str, message: str) -> None:
    with (
        installed(write_plugin(tmp_path / "plugins", card=card)),
        pytest.raises(UserError, match=message),
    ):
        _ = find("faulty").card


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    write_plugin(tmp_path / "plugins")
    (tmp_path / "plugins" / "faulty" / "card.yaml").unlink()
    with installed(tmp_path / "plugins"), pytest.raises(UserError, match=r"faulty/card\.yaml: no such file"):
        _ = find("faulty").card


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"words": 0, "order": "given"}),
        ({"words": "20"}, {"words": 20, "order": "given"}),
        ({"words": 20, "order": "reversed"}, {"words": 20, "order": "reversed"}),
    ],
)
def test_changes_come_on_top_of_the_defaults(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    values = find("icr").options(changes=changes).model_dump()
    assert {key: values[key] for key in expected} == expected


def test_changes_come_on_top_of_a_preset() -> None:
    plugin = find("icr")
    preset = plugin.options("paper").model_dump()
    assert preset | {"words": 7} == plugin.options("paper", {"words": "7"}).model_dump()
    assert preset["words"] != 7
    assert plugin.options("default") == plugin.options()


@pytest.mark.parametrize("name", [name for name in plugins() if name != "faulty"])
def test_options_that_are_given_again_are_the_same(name: str) -> None:
    """As a submission's are when it is verified."""
    for preset in ("default", *find(name).card.presets):
        options = find(name).options(preset)
        assert find(name).options(changes=options.model_dump(mode="json")) == options


def test_unknown_presets_get_the_nearest_one() -> None:
    with pytest.raises(UserError, match=r"^Unknown preset of method 'icr': 'papr'\. Did you mean 'paper'\?$"):
        find("icr").options("papr")
    with pytest.raises(UserError, match=r"preset of method 'first-stage': 'paper'\. Known: default\."):
        find("first-stage").options("paper")


def write_method(folder: Path, name: str) -> Path:
    path = folder / name
    path.mkdir()
    (path / "method.py").write_text("A = 1\n")
    (path / "card.yaml").write_text("title: x\n")
    return path


def test_sources_are_the_methods_own_and_the_shared_ones_it_imports(folder: Path) -> None:
    """A score cannot depend on another method's code, or on a shared package that nobody imports."""
    ours, theirs = write_method(folder, "ours"), write_method(folder, "theirs")
    (ours / "method.py").write_text("from methods.shared.deep import part\n")
    (folder / "unused").mkdir()
    (folder / "unused" / "part.py").write_text("C = 3\n")
    (folder / "shared" / "deep").mkdir(parents=True)
    (folder / "shared" / "deep" / "part.py").write_text("B = 2\n")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.py").write_text("")
    plugin = find("ours")
    before = plugin.source_files()
    assert list(before) == ["ours/method.py", "shared/deep/part.py"]
    (theirs / "method.py").write_text("A = 2\n")
    assert plugin.source_files() == before
    (ours / "card.yaml").write_text("title: y\n")
    assert plugin.source_files() == before
    (ours / "method.py").write_text("import methods.shared.deep.part\n")
    changed = plugin.source_files()
    assert changed["ours/method.py"] != before["ours/method.py"]
    (folder / "shared" / "deep" / "part.py").write_text("B = 3\n")
    assert plugin.source_files()["shared/deep/part.py"] != changed["shared/deep/part.py"]
    (ours / "helper.py").write_text("")
    assert "ours/helper.py" in plugin.source_files()
