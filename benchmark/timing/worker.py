"""The process that times: ``python -m benchmark.timing.worker`` with a `TimingJob` as first line of standard input.

Events go to standard output, one JSON object a line; whatever libraries print goes to standard error.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

from benchmark.errors import MachineFault, UserError, explain_os_error
from benchmark.timing.session import TimingJob, share, timed

FAILED = 3
"""Exit status after a problem that was reported as an event."""


def main() -> int:
    """Do the job, and say what came out: ``timing`` of a latency session, ``finished`` of a share of throughput."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    def ready() -> None:
        emit({"event": "ready"})
        if not sys.stdin.readline():
            raise UserError("The process that measures is gone.")

    try:
        job = TimingJob.model_validate_json(sys.stdin.readline())
        if job.at_once > 1:
            emit({"event": "finished", "queries": share(job, ready)})
        else:
            timing = timed(job, lambda text: emit({"event": "told", "text": text}))
            emit({"event": "timing", "timing": timing.model_dump(mode="json")})
    except MachineFault as error:
        traceback.print_exception(error.__cause__ or error)
        emit({"event": "problems", "problems": [f"{error.kind}: {error.said}"]})
        return FAILED
    except UserError as error:
        emit({"event": "problems", "problems": list(error.problems)})
        return FAILED
    except BrokenPipeError:
        return FAILED
    except OSError as error:
        emit({"event": "problems", "problems": [explain_os_error(error)]})
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
