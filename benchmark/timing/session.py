"""One timed session of one cell, in the process that holds the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any, Literal

from benchmark.backbones.meter import Cost
from benchmark.collections import catalogue as collections
from benchmark.collections.base import Topic
from benchmark.errors import UserError
from benchmark.harness import provenance, worker
from benchmark.harness.devices import current_uuid
from benchmark.harness.job import Job
from benchmark.harness.scoring import Outcome, score_query
from benchmark.harness.worker import WARM_UP
from benchmark.timing.conditions import OtherLoad, snapshot
from benchmark.timing.record import Conditions, TimedQuery, Timing
from benchmark.timing.reference import Reference
from benchmark.timing.sample import sample
from methods import registry
from methods.base import Candidate

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone

Tell = Callable[[str], None]

PromptCache = Literal["none", "emptied", "not known"]
"""See `Timing.prompt_cache`."""


class TimingJob(Job):
    """What a process that times is told."""

    queries: int
    """Of the sample."""
    repeats: int
    at_once: int = 1
    """Processes beside each other; more than one: throughput is measured."""
    failed: tuple[str, ...] = ()
    """Queries of the sample that are left out, since the method cannot rank them."""


class Session:
    """A loaded cell, and the queries of its sample.

    Attributes:
        backbone: None for a method without one; load_seconds: model and tokenizer.
        prompt_cache: see `Timing`; items: the sample, with the candidates of each query.
    """

    def __init__(self, job: TimingJob) -> None:
        self._job = job
        collection = collections.find(job.collection, job.request.collection.split)
        started = time.perf_counter()
        self.backbone: Backbone | None = worker.load(job)
        self.load_seconds = time.perf_counter() - started if self.backbone else None
        self._method = worker.method_of(job, self.backbone)
        self._method.ready()
        source = job.request.backbone.source if job.request.backbone else None
        self._engine: Any = vars(self.backbone.language)["_llm"] if self.backbone and source == "vllm" else None
        self.prompt_cache: PromptCache = "none"
        if self._engine is not None:
            self.prompt_cache = "emptied"
        elif source == "endpoint":
            self.prompt_cache = "not known"
        hits = collection.first_stage(job.request.collection.first_stage).hits()
        self.items: list[tuple[Topic, list[Candidate]]] = [
            (topic, worker.candidates_of(job, collection, hits.get(topic.qid, [])))
            for topic in sample(collection, job.request.collection, job.queries)
            if topic.qid not in job.failed
        ]

    def rank(self, topic: Topic, candidates: list[Candidate]) -> Outcome:
        """Run the method on one query, as a run does, with nothing in a cache that an earlier round left."""
        provenance.seed()
        if self._engine is not None and not self._engine.reset_prefix_cache():
            raise UserError(f"{self._job.request.slug}: vLLM did not empty its prompt cache, so repeats mean nothing.")
        backbone = self.backbone
        return score_query(
            self._method,
            topic.text,
            candidates,
            (lambda: backbone.meter.total) if backbone else Cost,
            self.synchronise,
        )

    def synchronise(self) -> None:
        """Wait for the device, where there is one."""
        if self.backbone is not None:
            self.backbone.synchronise()

    def warm_ups(self) -> Iterator[tuple[Topic, list[Candidate]]]:
        """The queries that are run first and do not count."""
        return islice(cycle(self.items), WARM_UP)


def timed(job: TimingJob, tell: Tell = lambda _: None) -> Timing:
    """Time a cell's sample: each query with its reference right after it, all of them, then all again.

    Args:
        tell: told what was done.

    Raises:
        UserError: the method cannot rank any of them; or what loading it raises.
    """
    started = provenance.now()
    session = Session(job)
    backbone = session.backbone
    tell("loaded")
    needs = registry.find(job.request.method.name).card.needs
    reference = Reference(backbone, needs) if backbone and Reference.possible(backbone) else None

    def once(topic: Topic, candidates: list[Candidate]) -> tuple[Outcome, float | None]:
        if reference is None:
            return session.rank(topic, candidates), None
        with reference.noting():
            outcome = session.rank(topic, candidates)
        if outcome.failure is not None:
            return outcome, None
        session.synchronise()
        begun = time.perf_counter()
        reference.run()
        session.synchronise()
        return outcome, time.perf_counter() - begun

    device = current_uuid() if backbone is not None and backbone.device == "cuda" else None
    for topic, candidates in session.warm_ups():
        once(topic, candidates)
    before, others = snapshot(device), OtherLoad()
    rounds: dict[str, list[tuple[Outcome, float | None]]] = {topic.qid: [] for topic, _ in session.items}
    for number in range(job.repeats):
        for topic, candidates in session.items:
            rounds[topic.qid].append(once(topic, candidates))
            tell(f"repeat {number + 1} of {job.repeats}, query '{topic.qid}'")
    conditions = Conditions(before=before, after=snapshot(device), other_load=others.mean())
    failures = {qid: [done.failure for done, _ in each if done.failure] for qid, each in rounds.items()}
    queries = [_query(qid, each) for qid, each in rounds.items() if not failures[qid]]
    if not queries:
        first = next(iter(failures.values()))[0]
        raise UserError(f"{job.request.slug}: no query of the sample can be ranked: {first.type}: {first.message}.")
    return Timing(
        identity=job.request.identity,
        started=started,
        queries=tuple(queries),
        failed=tuple(qid for qid, each in failures.items() if each),
        repeats=job.repeats,
        warm_ups=WARM_UP,
        load_seconds=session.load_seconds,
        machine=provenance.machine(job.command, job.threads, worker.accelerator(backbone)),
        conditions=conditions,
        prompt_cache=session.prompt_cache,
    )


def _query(qid: str, rounds: list[tuple[Outcome, float | None]]) -> TimedQuery:
    references = [seconds for _, seconds in rounds if seconds is not None]
    return TimedQuery(
        qid=qid,
        prompt_tokens=rounds[0][0].cost.prompt_tokens,
        seconds=tuple(outcome.seconds for outcome, _ in rounds),
        reference_seconds=tuple(references) or None,
        tokenise_seconds=tuple(outcome.cost.seconds.get("tokenise", 0.0) for outcome, _ in rounds),
    )


def share(job: TimingJob, ready: Callable[[], Any]) -> int:
    """One process's part of a throughput measurement: the whole sample, once, beside others that do the same.

    Args:
        ready: called when the model is loaded and warm; returns when all others are, too.

    Returns:
        Number of queries ranked.
    """
    session = Session(job)
    for topic, candidates in session.warm_ups():
        session.rank(topic, candidates)
    ready()
    for topic, candidates in session.items:
        session.rank(topic, candidates)
    return len(session.items)
