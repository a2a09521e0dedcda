"""One spelling rule, and one way to say that a name is unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.names import canonical, did_you_mean, unknown


@pytest.mark.parametrize("name", ["selective-icr", "Selective_ICR", " selective_icr\n"])
def test_spellings_of_one_name(name: str) -> None:
    assert canonical(name) == "selective-icr"


@given(st.text())
def test_the_canonical_spelling_is_its_own(name: str) -> None:
    assert canonical(canonical(name)) == canonical(name)


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("ircr", ["icr", "first-stage"], "Did you mean 'icr'?"),
        ("FRIST_STAGE", ["icr", "first-stage"], "Did you mean 'first-stage'?"),
        ("frist-stage", ["icr", "First_Stage"], "Did you mean 'First_Stage'?"),
        ("zzz", ["b", "a"], "Known: a, b."),
        ("zzz", [], "None are known here."),
    ],
)
def test_the_nearest_name_or_all(name: str, known: list[str], said: str) -> None:
    assert did_you_mean(name, known) == said


def test_an_unknown_name() -> None:
    assert unknown("method", "ircr", ["icr"]).problems == ("Unknown method 'ircr'. Did you mean 'icr'?",)
