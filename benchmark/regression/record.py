"""One condition of the ledger: what is run, what came out when it was last looked at, and why that ever changed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from benchmark.harness.store import write_atomic
from benchmark.schema import Strict, read_catalogue

LEDGER = Path(__file__).parent / "ledger"


class Band(Strict):
    """Mebibytes; the resident set of a process is not the same twice."""

    measured: float = Field(ge=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)


class Expected(Strict):
    """What came out."""

    scores: dict[str, dict[str, float] | None]
    """By qid and docid, six significant digits; None for a query that failed."""
    prompt_tokens: int
    completion_tokens: int
    forward_passes: int
    peak_memory: Band | None
    """Above the weights, during any query; None for a method without a backbone."""
    seconds: float
    """Of all queries, on ``processor``. Reported, and never a reason to fail."""
    processor: str


class Measured(Strict):
    """What a condition came to at one time, in few numbers."""

    ndcg10: float | None
    """nDCG@10 over its topics; None where none of them is judged."""
    tokens: int
    """Read and written, all topics."""
    forward_passes: int
    peak_memory: float | None
    """Mebibytes above the weights."""
    seconds: float
    processor: str


class Change(Strict):
    """Why the expected values are what they are."""

    date: date
    reason: str = Field(min_length=10)
    measured: Measured | None = None
    """From then on; None in changes from before it was kept."""


class Condition(Strict):
    """Contents of one file of the ledger."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9.-]*$")
    command: str
    """What runs the same on all topics."""
    method: str
    preset: str = "default"
    options: dict[str, Any] = Field(default_factory=dict)
    backbone: str | None
    collection: str
    split: str = "test"
    depth: int = Field(gt=0)
    topics: int = Field(gt=0)
    """The first so many of the collection."""
    origin: str
    """What the numbers go back to: a comparison with official code, or the first run here."""
    expected: Expected | None = None
    """None: never measured; ``regress --update`` does."""
    history: tuple[Change, ...] = ()
    """Oldest first."""


def read(folder: Path = LEDGER) -> dict[str, Condition]:
    """Every condition by name."""
    return read_catalogue(Condition, folder)


def write(condition: Condition, folder: Path = LEDGER) -> None:
    """Write a condition's file."""
    text = yaml.safe_dump(
        condition.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True, width=110
    )
    write_atomic(folder / f"{condition.name}.yaml", text)
