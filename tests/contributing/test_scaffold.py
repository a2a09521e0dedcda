"""The folder a contributor begins with."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.contributing.scaffold import new_method
from benchmark.errors import UserError


def test_files_are_written_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder, *files = new_method("My_Method", tmp_path)
    assert folder == tmp_path / "methods" / "my_method"
    assert all(path.is_file() for path in files)
    assert "class MyMethod(Method[MyMethodOptions])" in (folder / "method.py").read_text()
    (folder / "method.py").write_text("mine")
    with pytest.raises(UserError, match="there is a method or a shared package of that name"):
        new_method("my-method", tmp_path)
    assert (folder / "method.py").read_text() == "mine"


@pytest.mark.parametrize("name", ["", "../up", "a/b", "1st", "a.b", "class", "-x", "é"])
def test_names_that_are_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="a method's name is letters"):
        new_method(name, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'icr': there is a method"):
        new_method("ICR", tmp_path)
