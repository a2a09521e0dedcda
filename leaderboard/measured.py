"""Published numbers beside measured ones of the same method, backbone, first stage and depth. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.collections.spec import CollectionSpec
from benchmark.harness.record import CellRequest
from benchmark.names import canonical
from benchmark.published import PublishedResult
from leaderboard.rows import BASELINE, PRIMARY, Row

METHODS: dict[str, tuple[str, str | None]] = {
    "BM25": (BASELINE, None),
    "ICR": ("icr", None),
    "QRRetriever": ("qrhead", None),
    "RankGPT": ("rankgpt", None),
    "RankGPT gpt-4": ("rankgpt", "gpt-4"),
    "RankGPT-4": ("rankgpt", "gpt-4"),
    "RankGPT (gpt-4o-mini)": ("rankgpt", "gpt-4o-mini"),
    "RankZephyr": ("rankgpt", "rank-zephyr-7b-v1-full"),
    "RankZephyr (7B)": ("rankgpt", "rank-zephyr-7b-v1-full"),
    "RankZephyr 7B V1 - Full": ("rankgpt", "rank-zephyr-7b-v1-full"),
    "RankVicuna": ("rankgpt", "rank-vicuna-7b-v1"),
    "RankVicuna 7B V1": ("rankgpt", "rank-vicuna-7b-v1"),
    "Qwen 2.5 7B Instruct": ("rankgpt", "qwen2.5-7b-instruct"),
    "LLaMA 3.1 8B Instruct": ("rankgpt", "llama-3.1-8b-instruct"),
    "FIRST": ("first", None),
    "First Mistral": ("first", "first-mistral-7b"),
    "FirstMistral (first-token logits)": ("first", "first-mistral-7b"),
    "ReasonRank (7B) w20s10": ("listwise-reasoning", "reasonrank-7b"),
    "GroupRank-7B": ("grouprank", "grouprank-7b"),
    "PRP-Allpair": ("pairwise", None),
    "PRP-Sliding-10": ("pairwise", None),
    "pairwise heapsort": ("pairwise", None),
    "setwise heapsort": ("setwise", None),
    "setwise heapsort, 3 docs/prompt": ("setwise", None),
    "bge-reranker-v2-m3": ("cross-encoder", "bge-reranker-v2-m3"),
    "ms-marco-MiniLM-L6-v2 (cross encoder)": ("cross-encoder", "ms-marco-minilm-l6-v2"),
}
"""Our method, and the backbone where the name implies one, of a method as sources call it. Variants that our presets do
not have (other windows, shuffled input) are left out, and so stand apart."""

_BM25, _SPLADE = "bm25", "splade++ ensembledistil"
"""First stages as sources call them; ours are ``bm25``, ``bm25s``, ... and ``splade-pp-ed``."""


@dataclass(frozen=True)
class Reported:
    """A published number: nDCG@10 from 0 to 100, and under which conditions, in the words of the source."""

    method: str
    backbone: str | None
    first_stage: str
    depth: str
    value: float
    source: str
    url: str


@dataclass(frozen=True)
class Pair:
    """A published number and a row of ours that was measured alike, both from 0 to 100.

    Attributes:
        difference: ours minus theirs; within: whether theirs lies in the 95% interval of ours, None without one.
    """

    reported: Reported
    row: Row
    measured: float
    difference: float
    within: bool | None


@dataclass(frozen=True)
class Comparison:
    """Numbers that have a row of ours beside them, and the others."""

    pairs: tuple[Pair, ...]
    apart: tuple[Reported, ...]


def beside(rows: Iterable[Row], known: Sequence[Reported]) -> Comparison:
    """Which rows were measured as which published numbers; both of one collection and split."""
    ranked = [row for row in rows if row.summary]
    pairs: list[Pair] = []
    apart: list[Reported] = []
    for reported in known:
        alike = [row for row in ranked if _alike(row, reported)]
        pairs += [_pair(reported, row) for row in alike]
        if not alike:
            apart.append(reported)
    return Comparison(tuple(pairs), tuple(apart))


def reported(result: PublishedResult) -> Reported:
    """A number of ``published.csv``."""
    return Reported(
        result.method,
        result.backbone,
        result.first_stage,
        result.depth,
        result.value,
        result.paper,
        result.url,
    )


def first_stages(spec: CollectionSpec, split: str) -> list[Reported]:
    """What the catalogue knows of first stages' published quality."""
    part = spec.splits.get(split)
    found = []
    if spec.bm25 and split == "test":
        source = f"BM25{'; ' + spec.bm25.note if spec.bm25.note else ''}"
        found.append(Reported("BM25", None, "BM25", "-", spec.bm25.ndcg_at_10 * 100, source, spec.bm25.source))
    for name, run in part.runs.items() if part else ():
        if run.ndcg_at_10 is not None:
            address = run.origin or run.url or ""
            found.append(Reported(name, None, name, str(run.depth), run.ndcg_at_10 * 100, run.description, address))
    return found


def _pair(number: Reported, row: Row) -> Pair:
    assert row.score is not None
    assert row.summary is not None
    interval = row.summary.metrics.interval.get(PRIMARY)
    within = None if interval is None else interval[0] * 100 <= number.value <= interval[1] * 100
    return Pair(number, row, row.score * 100, row.score * 100 - number.value, within)


def _alike(row: Row, number: Reported) -> bool:
    asked = row.request
    if row.is_baseline:
        # How many more were retrieved does not matter to the first ten.
        return number.backbone is None and number.method == number.first_stage and _same_stage(asked, number)
    method, implied = METHODS.get(number.method, (None, None))
    wanted = implied or number.backbone
    return (
        method == asked.method.name
        and wanted is not None
        and asked.backbone is not None
        and _model(wanted) in {_model(asked.backbone.name), _model(asked.backbone.location)}
        and number.depth == str(asked.collection.depth)
        and _same_stage(asked, number)
    )


def _same_stage(asked: CellRequest, number: Reported) -> bool:
    ours, theirs = canonical(asked.collection.first_stage), canonical(number.first_stage)
    if theirs == _BM25:
        return ours.startswith(_BM25)
    return ours == ("splade-pp-ed" if theirs == _SPLADE else theirs)


def _model(name: str) -> str:
    """A model's name without its publisher, its source and the ways of spelling it."""
    return canonical(name.rpartition("/")[2].partition("@")[0]).replace(" ", "-")
