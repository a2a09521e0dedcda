"""One timed session, within this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmark.backbones.sources import prepare
from benchmark.errors import UserError
from benchmark.harness import worker
from benchmark.harness.plan import plan
from benchmark.harness.worker import WARM_UP
from benchmark.suites import find
from benchmark.timing import session
from benchmark.timing.reference import Reference
from benchmark.timing.runner import Asked
from benchmark.timing.runner import job_of as job_of_planned
from benchmark.timing.session import TimingJob, share, timed
from methods.icr.method import Icr
from tests.harness.test_worker import job_of
from tests.support import vllm_stand_in
from tests.support.collection import QUERIES, write_suite
from tests.support.plugin import installed, write_plugin


def timing_job(tmp_path: Path, collection: Path, method: str, *backbones: object, **changes: Any) -> TimingJob:
    job = job_of(tmp_path, collection, method, *backbones)
    return TimingJob(**{**dict(job), "queries": 3, "repeats": 4} | changes)


@pytest.fixture
def icr(tmp_path: Path, small: Path, tiny_folder: Path) -> TimingJob:
    return timing_job(tmp_path, small, "icr", tiny_folder)


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Calls of the method (by query) and of the reference."""
    seen: list[str] = []
    rerank, run = Icr.rerank, Reference.run

    def ranking(self: Any, query: str, *rest: Any) -> Any:
        seen.append(query)
        return rerank(self, query, *rest)

    def bare(self: Any) -> None:
        seen.append("bare")
        run(self)

    monkeypatch.setattr(Icr, "rerank", ranking)
    monkeypatch.setattr(Reference, "run", bare)
    return seen


def test_every_query_is_followed_by_its_reference_in_every_round(icr: TimingJob, order: list[str]) -> None:
    timing = timed(icr)
    assert len(timing.queries) == 3
    texts = [QUERIES[query.qid] for query in timing.queries]
    each = [step for text in texts for step in (text, "bare")]
    assert order == [*each, *each * icr.repeats], "three warm-ups, then round by round"
    assert (timing.warm_ups, timing.repeats) == (WARM_UP, 4) == (3, 4)
    for query in timing.queries:
        assert query.reference_seconds is not None
        assert len(query.seconds) == len(query.reference_seconds) == len(query.tokenise_seconds) == 4
        assert all(0 < part < whole for part, whole in zip(query.tokenise_seconds, query.seconds, strict=True))
        assert query.prompt_tokens > 300
    assert timing.ratio is not None
    assert timing.load_seconds is not None
    assert timing.identity == icr.request.identity
    assert timing.conditions is not None
    assert timing.conditions.other_load is not None
    assert timing.machine.threads == 1
    assert not (icr.results / icr.request.slug).exists(), "the process that times writes nothing"


def test_fewer_queries_than_warm_ups_are_taken_again(tmp_path: Path, icr: TimingJob, order: list[str]) -> None:
    timing = timed(icr.model_copy(update={"queries": 1, "repeats": 3}))
    assert len(timing.queries) == 1
    assert len(order) == 2 * (WARM_UP + 3)


def test_without_a_backbone_there_is_no_reference(tmp_path: Path, small: Path) -> None:
    timing = timed(timing_job(tmp_path, small, "first-stage"))
    assert (timing.ratio, timing.load_seconds) == (None, None)
    assert timing.tokenise_median == 0.0
    assert timing.median > 0


@pytest.fixture
def picky(tmp_path: Path, small: Path) -> Iterator[TimingJob]:
    """Fails q2 to q5."""
    with installed(write_plugin(tmp_path / "plugins")):
        yield timing_job(tmp_path, small, "faulty:picky", queries=6)


def test_queries_that_fail_are_named_and_not_timed(picky: TimingJob) -> None:
    timing = timed(picky)
    assert [query.qid for query in timing.queries] == ["q1", "q6"]
    assert timing.failed == ("q2", "q3", "q4", "q5")


def test_a_sample_without_a_rankable_query_is_a_problem(picky: TimingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = session.sample
    monkeypatch.setattr(session, "sample", lambda *args: [topic for topic in chosen(*args) if topic.qid == "q3"])
    with pytest.raises(UserError, match="no query of the sample can be ranked: QueryError: too long by 3"):
        timed(picky)


@pytest.fixture
def by_vllm(tmp_path: Path, small: Path, tiny_talker: Path, monkeypatch: pytest.MonkeyPatch) -> TimingJob:
    """On a stand-in for vLLM, which believes that it is on a GPU."""
    monkeypatch.setitem(sys.modules, "vllm", vllm_stand_in.module())
    monkeypatch.setattr(session, "current_uuid", lambda: "GPU-ab")
    monkeypatch.setattr(worker, "accelerator", lambda _: "a GPU")
    entry = tmp_path / "fast.yaml"
    source = {"kind": "vllm", "weights": {"kind": "local", "path": str(tiny_talker)}, "options": {}}
    entry.write_text(yaml.safe_dump({"name": "fast", "title": "Fast", "dtype": "float32", "sources": [source]}))
    suite = write_suite(tmp_path / "s.yaml", small, ["first"], [str(entry)], depth=4)
    (cell,) = plan(find(str(suite)), prepare)
    return job_of_planned(cell, tmp_path / "results", Asked(threads=1, queries=2))


def test_vllms_prompt_cache_is_emptied_before_every_query(by_vllm: TimingJob) -> None:
    timing = timed(by_vllm)
    assert vllm_stand_in.LLM.made.emptied == WARM_UP + 2 * 3
    assert (timing.prompt_cache, timing.ratio) == ("emptied", None)
    assert timing.median > 0


def test_a_prompt_cache_that_stays_is_a_problem(by_vllm: TimingJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vllm_stand_in.LLM, "reset_prefix_cache", lambda _: False)
    with pytest.raises(UserError, match="vLLM did not empty its prompt cache"):
        timed(by_vllm)


def test_a_share_runs_the_sample_once_when_all_are_ready(icr: TimingJob, order: list[str]) -> None:
    at_start: list[int] = []
    assert share(icr.model_copy(update={"at_once": 2}), lambda: at_start.append(len(order))) == 3
    assert at_start == [WARM_UP]
    assert len(order) == WARM_UP + 3
    assert "bare" not in order
