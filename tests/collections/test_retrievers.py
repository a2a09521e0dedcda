"""Models whose runs are known by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.collections import workshop
from benchmark.collections.retrievers import known
from benchmark.collections.runs import NotBuilt, Runs
from benchmark.errors import UserError


def test_a_run_is_named_after_its_model() -> None:
    assert known()
    for name, retriever in known().items():
        assert name == f"{retriever.kind}-{retriever.model.rpartition('/')[2]}"


@pytest.mark.slow
def test_commits_are_those_that_mteb_evaluates() -> None:
    import mteb

    for retriever in known().values():
        assert mteb.get_model_meta(retriever.model).revision == retriever.revision


def test_a_run_of_a_known_model_can_be_built(cache: Path) -> None:
    name = "sparse-splade-v3"
    with pytest.raises(
        NotBuilt, match=rf"run '{name}' is not built yet: .*first-stage build town .*--retriever {name}"
    ):
        Runs("town", "test", default="bm25s").find(name)


def test_what_cannot_be_built_is_refused() -> None:
    assert workshop.named("bm25s") is workshop.BM25
    with pytest.raises(UserError, match=r"Unknown retriever 'sparse-splade-v2'\. Did you mean 'sparse-splade-v3'\?"):
        workshop.named("sparse-splade-v2")
