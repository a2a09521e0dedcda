"""Run cells in a process of its own: ``python -m benchmark.harness.worker`` with a `Job` a line on standard input.

Most get one job. A further one comes when a cell is done that wants the same backbone, which stays loaded. Events go to
standard output, one JSON object a line; whatever libraries print goes to standard error. SIGINT and SIGTERM finish the
query in hand and stop.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from benchmark.artefacts import read_artefact
from benchmark.backbones.meter import Cost
from benchmark.backbones.spec import AS_SERVED, ELSEWHERE
from benchmark.collections import catalogue as collections
from benchmark.collections.base import Collection, Hit, Topic
from benchmark.errors import UserError
from benchmark.harness import energy, provenance
from benchmark.harness.flops import counted
from benchmark.harness.held import Held
from benchmark.harness.job import Job
from benchmark.harness.memory import PeakMemory, process_peak
from benchmark.harness.overlap import overlaps
from benchmark.harness.record import Failure, QueryRecord
from benchmark.harness.reporting import Emit, emitter, reporting
from benchmark.harness.scoring import score_query
from benchmark.harness.store import CellWriter
from benchmark.harness.summary import run_text, summarise
from benchmark.schema import parse
from methods import registry
from methods.base import Candidate, Method, Options

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone

WARM_UP = 3
"""Queries after loading that are not timed."""

TIME_LIMIT = "TimeLimit"
"""Type of the failure of a query that did not end."""


class Stop:
    """Looked at between queries: was a stop asked for by a signal, or is the runner gone that is reported to?"""

    def __init__(self) -> None:
        self._runner = os.getppid()
        self._signalled = False

    def ask(self, *_: object) -> None:
        """Stop after the query in hand; also a signal handler."""
        self._signalled = True

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self._signalled or os.getppid() != self._runner


def main() -> int:
    """Run the jobs on standard input; the exit status is 0 when all were done or a stop was asked for."""
    emit = emitter()
    stop = Stop()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop.ask)
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        # Slurm's notice that time is nearly up, which is sent to every process; the one that started us answers it.
        signal.signal(number, signal.SIG_IGN)
    held = Held(load)

    def work() -> None:
        for line in sys.stdin:
            run(Job.model_validate_json(line), emit, stop, held)
            if stop.asked:
                return

    return reporting(emit, work)


def run(job: Job, emit: Emit, stop: Stop, held: Held | None = None) -> None:
    """Do what is missing of a cell, query by query.

    Events: ``loaded`` (seconds), ``begun`` (qid), ``query`` (qid, seconds, failure), ``stopped`` or ``done``.

    Args:
        held: what an earlier cell of this process may have loaded.
    """
    # Said when the cell is not locked any more: its next writer may be there at once.
    emit({"event": _run(job, emit, stop, held or Held(load))})


def _run(job: Job, emit: Emit, stop: Stop, held: Held) -> str:
    collection = collections.find(job.collection, job.request.collection.split)
    with CellWriter(job.results, job.request) as writer:
        writer.retry(job.retry_failed)
        finished = {record.qid for record in writer.records()}
        topics = list(collection.topics())
        missing = [topic for topic in topics if topic.qid not in finished.union(job.left_out)]
        if job.qids is not None:
            missing = [topic for topic in missing if topic.qid in job.qids]
        taken = held.take(job)
        backbone = taken.backbone
        emit({"event": "loaded", "seconds": taken.seconds})
        machine = writer.write_machine(provenance.machine(job.command, job.threads, accelerator(backbone)))
        method = method_of(job, backbone)
        method.ready()
        for record in records_of(job, method, backbone, collection, missing, emit):
            writer.append(record)
            failure = record.failure.message if record.failure else None
            emit({"event": "query", "qid": record.qid, "seconds": record.seconds, "failure": failure})
            if stop.asked:
                return "stopped"
        by_qid = {record.qid: record for record in writer.records()}
        if len(by_qid) < len(topics):
            return "done"
        records = [by_qid[topic.qid] for topic in topics]
        summary = summarise(
            job.request,
            records,
            collection,
            provenance.now(),
            backbone.weight_bytes if backbone else None,
            taken.seconds,
            overlaps(method, collection, topics, records),
            # Of a process that has served other cells the peak may be theirs.
            process_peak() if backbone and not taken.before else None,
        )
        if taken.before:
            summary = summary.model_copy(update={"loaded_before": True})
        writer.finish(summary, run_text(job.request, machine, records))
        return "done"


def records_of(
    job: Job,
    method: Method[Options],
    backbone: Backbone | None,
    collection: Collection,
    missing: list[Topic],
    emit: Emit,
) -> Iterator[QueryRecord]:
    """Re-rank some topics of a job's collection, one record each."""
    hits = collection.first_stage(job.request.collection.first_stage).hits()
    joules = energy.meter_of(backbone.device) if backbone and job.energy else None
    stuck = [topic for topic in missing if topic.qid in job.timed_out]
    for topic in stuck:
        yield _timed_out(topic, job, hits.get(topic.qid, []))
    with counted(backbone) as flops:
        memory = PeakMemory(backbone.device if backbone else "cpu")
        for number, topic in enumerate(topic for topic in missing if topic.qid not in job.timed_out):
            candidates = candidates_of(job, collection, hits.get(topic.qid, []))
            emit({"event": "begun", "qid": topic.qid})
            provenance.seed()
            if backbone:
                # What was asked of the model before, at loading, say, belongs to no query.
                backbone.meter.take_prompts()
            operations, taken = flops.total if flops else 0, joules() if joules else 0.0
            with memory.measured():
                outcome = score_query(
                    method,
                    topic.text,
                    candidates,
                    (lambda: backbone.meter.total) if backbone else Cost,
                    backbone.synchronise if backbone else _nothing,
                )
            yield QueryRecord(
                qid=topic.qid,
                docids=tuple(candidate.docid for candidate in candidates),
                scores=outcome.scores,
                failure=_impersonal(outcome.failure),
                seconds=outcome.seconds,
                prompt_tokens=outcome.cost.prompt_tokens,
                completion_tokens=outcome.cost.completion_tokens,
                forward_passes=outcome.cost.forward_passes,
                prompts_sha256=backbone.meter.take_prompts() if backbone else None,
                phases=dict(outcome.cost.seconds),
                answers=outcome.cost.answers,
                malformed=outcome.cost.malformed,
                faults=dict(outcome.cost.faults),
                dollars=outcome.cost.dollars or None,
                peak_memory_bytes=memory.above_baseline if backbone and backbone.weight_bytes is not None else None,
                flops=flops.total - operations if flops else None,
                energy_joules=joules() - taken if joules else None,
                warm_up=number < WARM_UP,
            )


def candidates_of(job: Job, collection: Collection, hits: Sequence[Hit]) -> list[Candidate]:
    """What a method is given for a query: the first documents of its first-stage list."""
    listed = hits[: job.request.collection.depth]
    documents = collection.documents([hit.docid for hit in listed])
    return [
        Candidate(document.docid, document.text, document.title, hit.score)
        for document, hit in zip(documents, listed, strict=True)
    ]


def _impersonal(failure: Failure | None) -> Failure | None:
    """What an exception says may name files and users; it is published."""
    return failure and Failure(type=failure.type, message=provenance.impersonal(failure.message))


def _timed_out(topic: Topic, job: Job, hits: Sequence[Hit]) -> QueryRecord:
    """The record of a query whose worker was killed because it did not come to an end; its costs are not known."""
    limit = job.query_timeout or 0.0
    return QueryRecord(
        qid=topic.qid,
        docids=tuple(hit.docid for hit in hits[: job.request.collection.depth]),
        scores=None,
        failure=Failure(type=TIME_LIMIT, message=f"no result within {limit:g} seconds (--query-timeout)"),
        seconds=limit,
        prompt_tokens=0,
        completion_tokens=0,
        forward_passes=0,
        peak_memory_bytes=None,
        warm_up=False,
    )


def load(job: Job) -> Backbone | None:
    """The job's backbone with what its method needs; None for a method that needs none."""
    if job.backbone is None or job.request.backbone is None:
        return None
    import torch

    from benchmark.backbones import catalogue, loader

    torch.set_num_threads(job.threads)
    if job.deterministic:
        provenance.be_deterministic()
    asked = job.request.backbone
    dtype: Any = None if asked.dtype == AS_SERVED else asked.dtype
    return loader.load(
        catalogue.find(job.backbone),
        job.folder,
        needs=registry.find(job.request.method.name).card.needs,
        dtype=dtype,
        kernel=asked.attention,
        revision=asked.revision,
    )


def method_of(job: Job, backbone: Backbone | None) -> Method[Options]:
    """The job's method, ready; UserError where an artefact is not the planned one."""
    method_class = registry.find(job.request.method.name).method_class
    options = parse(method_class.options_class, job.options, job.request.slug)
    for option, path in options.artefacts().items():
        if read_artefact(path).header.sha256 != job.request.method.artefacts.get(option):
            raise UserError(f"{path}: was fitted anew since the run was planned. Start the run again.")
    method = method_class(options, backbone)
    method.ready()
    return method


def accelerator(backbone: Backbone | None) -> str | None:
    """Name of the device the backbone is on; None for a CPU."""
    if backbone is not None and backbone.device == ELSEWHERE:
        return "a server's, not known"
    if backbone is None or backbone.device != "cuda":
        return None
    import torch

    return str(torch.cuda.get_device_name())


def _nothing() -> None:
    """There is no device to wait for."""


if __name__ == "__main__":
    sys.exit(main())
