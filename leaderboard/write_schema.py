"""The schema of ``leaderboard.json`` as a file: ``python -m leaderboard.write_schema [FILE]``."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmark.harness.store import pretty, write_atomic
from leaderboard.dataset import schema

FILE = Path("docs/schema/leaderboard.schema.json")

if __name__ == "__main__":
    write_atomic(Path(sys.argv[1]) if len(sys.argv) > 1 else FILE, pretty(schema()))
