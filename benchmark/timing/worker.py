"""The process that times: ``python -m benchmark.timing.worker`` with a `TimingJob` as first line of standard input.

Events go to standard output, one JSON object a line; whatever libraries print goes to standard error.
"""

from __future__ import annotations

import sys

from benchmark.errors import UserError
from benchmark.harness.reporting import emitter, reporting
from benchmark.timing.session import TimingJob, share, timed


def main() -> int:
    """Do the job, and say what came out: ``timing`` of a latency session, ``finished`` of a share of throughput."""
    emit = emitter()

    def ready() -> None:
        emit({"event": "ready"})
        if not sys.stdin.readline():
            raise UserError("The process that measures is gone.")

    def work() -> None:
        job = TimingJob.model_validate_json(sys.stdin.readline())
        if job.at_once > 1:
            emit({"event": "finished", "queries": share(job, ready)})
        else:
            timing = timed(job, lambda text: emit({"event": "told", "text": text}))
            emit({"event": "timing", "timing": timing.model_dump(mode="json")})

    return reporting(emit, work)


if __name__ == "__main__":
    sys.exit(main())
