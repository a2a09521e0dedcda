"""Run some topics of a planned cell in this process, to compare them with what is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmark.collections import catalogue as collections
from benchmark.harness import worker
from benchmark.harness.job import Job
from benchmark.harness.plan import Planned
from benchmark.harness.record import QueryRecord


def rerun(planned: Planned, qids: Sequence[str], threads: int) -> tuple[list[QueryRecord], str | None]:
    """Records of some topics, in the order of ``qids``, and the accelerator; in this process, and nothing is stored."""
    job = Job.of(planned, Path(), threads)
    collection = collections.find(job.collection, job.request.collection.split)
    topics = {topic.qid: topic for topic in collection.topics()}
    backbone = worker.load(job)
    method = worker.method_of(job, backbone)
    records = worker.records_of(job, method, backbone, collection, [topics[qid] for qid in qids], lambda _: None)
    return list(records), worker.accelerator(backbone)
