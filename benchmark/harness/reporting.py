"""What a process that does work for another one says, and how its problems end it."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Callable
from typing import Any

from benchmark.errors import MachineFault, UserError, explain_os_error

FAILED = 3
"""Exit status after a problem that was reported as an event."""

Emit = Callable[[dict[str, Any]], None]


def emitter() -> Emit:
    """Writes events to standard output, one JSON object a line; what libraries print goes to standard error then."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)

    def emit(event: dict[str, Any]) -> None:
        events.write(json.dumps(event) + "\n")

    return emit


def reporting(emit: Emit, work: Callable[[], None]) -> int:
    """Do the work; a problem becomes an event ``problems`` or ``fault`` (kind, message).

    Returns:
        The exit status: 0, or `FAILED`.
    """
    try:
        work()
    except MachineFault as error:
        traceback.print_exception(error.__cause__ or error)
        emit({"event": "fault", "kind": error.kind, "message": error.said})
        return FAILED
    except UserError as error:
        emit({"event": "problems", "problems": list(error.problems)})
        return FAILED
    except BrokenPipeError:
        # Whoever we work for is gone; what is finished is stored.
        return FAILED
    except OSError as error:
        emit({"event": "problems", "problems": [explain_os_error(error)]})
        return FAILED
    return 0
