"""Records refuse what they do not know, in words."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError, field_validator, model_validator

from benchmark.errors import UserError
from benchmark.schema import Strict, parse, read_yaml


class Inner(Strict):
    size: int = Field(gt=0)
    colour: Literal["red", "green"] = "red"


class Outer(Strict):
    title: str
    weight: float = 1.0
    inner: Inner | None = None
    several: tuple[Inner, ...] = ()
    named: dict[str, Inner] = Field(default_factory=dict)
    even: Annotated[int, Field(ge=0)] = 0

    @field_validator("even")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("must be even")
        return value

    @model_validator(mode="after")
    def _weighed(self) -> Outer:
        if self.title == "air" and self.weight > 0:
            raise ValueError("title air: weight must be 0")
        return self


def test_what_is_valid_is_frozen() -> None:
    outer = parse(Outer, {"title": "a", "inner": {"size": 2}, "several": [{"size": 1}]}, "here")
    assert outer.inner == Inner(size=2)
    with pytest.raises(ValidationError):
        outer.title = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "'title' is required and missing."),
        ({"titel": "a", "title": "a"}, "unknown option 'titel'. Did you mean 'title'?"),
        ({"zzz": 1, "title": "a"}, "unknown option 'zzz'. Known: even, inner, named, several, title, weight."),
        ({"title": 5}, "'title': Input should be a valid string (got 5)."),
        ({"title": "a", "weight": math.nan}, "'weight': Input should be a finite number (got nan)."),
        ({"title": "a", "weight": math.inf}, "'weight': Input should be a finite number (got inf)."),
        ({"title": "a", "even": 3}, "'even': must be even (got 3)."),
        ({"title": "air"}, "title air: weight must be 0."),
        ({"title": "a", "inner": {"size": 0}}, "'inner.size': Input should be greater than 0 (got 0)."),
        (
            {"title": "a", "inner": {"size": 1, "color": "red"}},
            "unknown option 'inner.color'. Did you mean 'colour'?",
        ),
        (
            {"title": "a", "several": [{"size": 1}, {"size": 1, "seize": 1}]},
            "unknown option 'several.1.seize'. Did you mean 'size'?",
        ),
        (
            {"title": "a", "named": {"x": {"size": 1, "color": 1}}},
            "unknown option 'named.x.color'. Did you mean 'colour'?",
        ),
        (
            {"title": "a", "inner": {"size": 1, "colour": "blue"}},
            "'inner.colour': Input should be 'red' or 'green' (got 'blue').",
        ),
        ([1], "'value': Input should be a valid dictionary or instance of Outer (got [1])."),
        (None, "'value': Input should be a valid dictionary or instance of Outer (got None)."),
    ],
)
def test_problems_are_said_in_words(values: Any, problem: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(Outer, values, "here")
    assert caught.value.problems == (f"here: {problem}",)


def test_all_problems_are_said_at_once() -> None:
    with pytest.raises(UserError) as caught:
        parse(Outer, {"titel": 1, "weight": "heavy", "even": 1}, "here")
    assert len(caught.value.problems) == 4
    assert all(problem.startswith("here: ") for problem in caught.value.problems)


def test_long_values_are_cut() -> None:
    with pytest.raises(UserError) as caught:
        parse(Outer, {"title": list(range(1000))}, "here")
    assert len(str(caught.value)) < 150
    assert "..." in str(caught.value)


def test_yaml_files(tmp_path: Path) -> None:
    path = tmp_path / "outer.yaml"
    path.write_text("title: é\ninner: {size: 3}\n", encoding="utf-8")
    assert read_yaml(Outer, path) == Outer(title="é", inner=Inner(size=3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title: [\n", r"outer\.yaml: not valid YAML \("),
        (b"title: caf\xe9\n", r"outer\.yaml: not valid YAML \("),
        (b"", r"outer\.yaml: 'value': Input should be a valid dictionary"),
        (b"- 1\n", r"outer\.yaml: 'value': Input should be a valid dictionary"),
        (b"title: !!python/object/apply:os.getcwd []\n", r"outer\.yaml: not valid YAML \("),
    ],
)
def test_yaml_files_that_are_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "outer.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message) as caught:
        read_yaml(Outer, path)
    assert "\n" not in str(caught.value)


def test_a_yaml_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"^{tmp_path / 'none.yaml'}: no such file\.$"):
        read_yaml(Outer, tmp_path / "none.yaml")
