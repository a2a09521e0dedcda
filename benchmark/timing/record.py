"""What is kept of a timed session: ``timing.json`` in the cell's folder, replaced whole by the next session."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Literal

from pydantic import Field

from benchmark.evaluation.statistics import percentile
from benchmark.harness.record import SCHEMA, Machine
from benchmark.schema import Strict


class TimedQuery(Strict):
    """One query of the sample; seconds are those of each repeat, in order."""

    qid: str
    prompt_tokens: int
    """Given to the model, padding excluded."""
    seconds: tuple[float, ...] = Field(min_length=1)
    """Wall clock of `Method.rerank`, tokenisation included, the device waited for before and after."""
    reference_seconds: tuple[float, ...] | None = None
    """Bare forward over the tokens that the method gave the model, right after it. None where that cannot be done here
    (a served model, one run by vLLM), and for a method without a backbone."""
    tokenise_seconds: tuple[float, ...]
    """The part of ``seconds`` in which text became tokens."""

    @property
    def ratio(self) -> float | None:
        """Median of the method's seconds over the median of the reference's."""
        return median(self.seconds) / median(self.reference_seconds) if self.reference_seconds else None


class Snapshot(Strict):
    """The machine at one moment; None: it does not tell."""

    processor_mhz: float | None
    """Mean over the logical processors."""
    processor_celsius: float | None
    """The hottest sensor of the processor."""
    load_average: float
    """Of the last minute, whole machine."""
    device_mhz: float | None = None
    """Of the accelerator's multiprocessors."""
    device_celsius: float | None = None
    device_utilisation: float | None = None
    """Percent of the last interval in which a kernel ran, whoever started it."""
    device_memory_bytes: int | None = None
    """Taken by all processes together."""


class Conditions(Strict):
    """Under what a session ran."""

    before: Snapshot
    """When the model was loaded and nothing was timed yet."""
    after: Snapshot
    other_load: float | None
    """Processors kept busy by anything but the session, mean over it."""


class Timing(Strict):
    """A timed session of a cell: batch of one, a fixed sample of queries, never resumed."""

    schema_version: int = SCHEMA
    identity: str
    started: str
    """UTC, ISO 8601."""
    queries: tuple[TimedQuery, ...] = Field(min_length=1)
    failed: tuple[str, ...] = ()
    """Queries of the sample that the method cannot rank; not timed."""
    repeats: int = Field(ge=1)
    warm_ups: int
    """Queries run before, and not counted."""
    load_seconds: float | None
    """Loading model and tokenizer, in no other number; None for a method without a backbone."""
    machine: Machine
    conditions: Conditions | None
    prompt_cache: Literal["none", "emptied", "not known"] = "none"
    """Whether an engine might have answered a repeat from what it kept of the prompt: ``emptied`` before every query
    (vLLM), ``not known`` of a served model, whose seconds may be those of a prompt it knew."""
    throughput: float | None = None
    """Queries a second with ``at_once`` of them in hand; None where that was not measured. No latency follows."""
    at_once: int | None = None
    """Processes that ran the sample's queries side by side for ``throughput``."""

    @property
    def median(self) -> float:
        """Seconds: median over queries of each query's median."""
        return median(self._each(lambda query: query.seconds))

    @property
    def p90(self) -> float:
        """Seconds: 90th percentile over queries of each query's median."""
        return percentile(self._each(lambda query: query.seconds), 90)

    @property
    def tokenise_median(self) -> float:
        """Seconds of tokenisation: median over queries of each query's median."""
        return median(self._each(lambda query: query.tokenise_seconds))

    @property
    def ratio(self) -> float | None:
        """How many times the bare forward: median over queries; None without a reference."""
        ratios = [query.ratio for query in self.queries if query.ratio is not None]
        return median(ratios) if ratios else None

    def _each(self, seconds: Callable[[TimedQuery], tuple[float, ...]]) -> list[float]:
        return [median(seconds(query)) for query in self.queries]
