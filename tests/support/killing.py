"""Runs a cell again and again and kills it at random moments: ``python -m tests.support.killing FOLDER KILLS SEED``.

A program of its own, with one thread, so that a fork of it is a whole worker without the seconds that imports take.
What is killed is the worker's code with a fast method; only the summary's metrics are left out. Prints a JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

from benchmark import suites
from benchmark.harness import provenance, worker
from benchmark.harness.job import Job
from benchmark.harness.plan import plan
from benchmark.harness.record import CellSummary, Cost, Metrics
from benchmark.harness.scoring import score_query
from benchmark.harness.store import SESSIONS, read_cell
from benchmark.harness.worker import Stop
from tests.support.collection import write_suite

QUERIES = 20


def main(root: Path, kills: int, seed: int) -> dict[str, Any]:
    """Kill ``kills`` workers; what was found on the way."""
    random.seed(seed)
    worker.summarise = _summary  # type: ignore[assignment]
    provenance.git_state = lambda _: (None, None)
    job = _job(root)
    seconds = []
    for number in range(4):
        started = time.perf_counter()
        assert _attempt(job, root / f"whole{number}", root / "whole.log", None) == 0
        seconds.append(time.perf_counter() - started)
    expected = _files(job, root / "whole0")
    found: dict[str, Any] = {"killed": 0, "cells": 0, "different": 0, "repeated": [], "lost": 0}
    while found["killed"] < kills:
        results, log = root / f"r{found['cells']}", root / f"r{found['cells']}.log"
        before: set[str] = set()
        while True:
            kept = _lines(job, results)
            # A fast query is seldom hit by chance: some die in one whatever the machine's load.
            in_hand = random.random() < 0.1
            killed = _attempt(job, results, log, random.uniform(0, min(seconds) * 0.8), in_hand) == -signal.SIGKILL
            now = _lines(job, results)
            found["lost"] += not now.startswith(kept)
            calls = log.read_text().splitlines() if log.exists() else []
            log.unlink(missing_ok=True)
            found["repeated"].append(sum(call in before for call in calls))
            before |= set(calls)
            found["killed"] += killed
            if not killed:
                break
        found["cells"] += 1
        found["different"] += _files(job, results) != expected
    return found


def _job(root: Path) -> Job:
    town = root / "town"
    town.mkdir(parents=True)
    documents = [f"d{number}" for number in range(30)]
    queries = [f"q{number}" for number in range(QUERIES)]
    for name, keys in (("corpus", documents), ("queries", queries)):
        rows = [json.dumps({"_id": key, "text": f"about {key}"}) for key in keys]
        (town / f"{name}.jsonl").write_text("\n".join(rows) + "\n")
    run = [f"{qid} Q0 {docid} {at} {100 - at}.5 bm25" for qid in queries for at, docid in enumerate(documents, 1)]
    (town / "run.bm25.trec").write_text("\n".join(run) + "\n")
    (town / "qrels.tsv").write_text("\n".join(f"{qid} 0 d3 1" for qid in queries) + "\n")
    suite = write_suite(root / "suite.yaml", town, depth=30)
    (cell,) = plan(suites.find(str(suite)), lambda _: None)
    return Job.of(cell, root, threads=1, command="rerankbench run town")


def _attempt(job: Job, results: Path, log: Path, seconds: float | None, in_hand: bool = False) -> int:
    """Run the cell in a fork and kill it after so many seconds; its exit status, negative for a signal.

    ``in_hand``: it is killed in its first query instead, or not at all where it has none left.
    """
    results.mkdir(exist_ok=True)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _watch_queries(log, in_hand)
            worker.run(job.model_copy(update={"results": results}), lambda _: None, Stop())
            status = 0
        finally:
            os._exit(status)
    if seconds is not None and not in_hand:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _watch_queries(log: Path, fatal: bool) -> None:
    """Note each query before it is run; a killed process has written it all the same. ``fatal``: the first kills."""
    number = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def watched(method: Any, query: str, *rest: Any) -> Any:
        os.write(number, f"{query}\n".encode())
        if fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        return score_query(method, query, *rest)

    worker.score_query = watched


def _lines(job: Job, results: Path) -> bytes:
    """Complete lines of the cell, which can be read at any time."""
    path = results / job.request.slug / "queries.jsonl"
    if (results / job.request.slug / "request.json").exists():
        read_cell(path.parent)
    data = path.read_bytes() if path.exists() else b""
    return data[: data.rfind(b"\n") + 1]


def _files(job: Job, results: Path) -> tuple[bytes, set[str], list[str]]:
    """Run file, names of all files but the one that resumed cells have, and the queries in the order of their lines."""
    folder = results / job.request.slug
    names = {path.name for path in folder.iterdir()} | {path.name for path in results.iterdir()}
    names -= {SESSIONS}
    return (folder / "run.trec").read_bytes(), names, [record.qid for record in read_cell(folder).records]


def _summary(request: Any, records: Any, *_: object) -> CellSummary:
    return CellSummary(
        identity=request.identity,
        finished=provenance.now(),
        queries=len(records),
        failed=0,
        metrics=Metrics(mean={}, per_query={}, interval={}),
        latency=None,
        memory=None,
        cost=Cost(forward_passes=0, prompt_tokens=0, completion_tokens=0),
        load_seconds=None,
    )


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
