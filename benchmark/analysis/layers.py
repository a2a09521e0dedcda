"""Quality of every layer alone: the curve from which Selective-ICR's band is chosen (arXiv 2602.22591)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import fmean

import torch

from benchmark.backbones.attention.prompt import Prompt
from benchmark.backbones.backbone import Backbone
from benchmark.collections.base import Collection, Topic
from benchmark.errors import QueryError, UserError
from benchmark.evaluation.metrics import evaluate
from benchmark.evaluation.statistics import bootstrap_interval
from methods.base import Candidate
from methods.in_context.icr import IcrOptions
from methods.in_context.scoring import LayerScores
from methods.selective_icr.method import BAND

METRIC = "nDCG@10"


@dataclass(frozen=True)
class LayerQuality:
    """One layer's row of the table.

    Attributes:
        quality: mean nDCG@10 when documents are ranked by this layer's attention alone; interval: 95%.
    """

    layer: int
    quality: float
    interval: tuple[float, float]


def layer_scores(
    backbone: Backbone, query: str, candidates: list[Candidate], options: IcrOptions
) -> dict[int, torch.Tensor]:
    """Scores of the candidates by every layer alone (calibrated, masked), from one reading.

    Args:
        options: ``kind``, ``order``, ``words`` and ``spans`` are used.

    Returns:
        Layer, then ``[candidates]`` in the given order.
    """
    reading = options.layout().read(backbone, query, candidates)
    layers = LayerScores(reading.documents)
    reader = backbone.attention
    reader.read(Prompt(reading.prefix, [reading.query, reading.content_free]), reader.all_heads(), layers)
    return layers.scores


def layer_curve(
    backbone: Backbone,
    collection: Collection,
    first_stage: str | None,
    depth: int,
    options: IcrOptions,
    progress: Callable[[Topic], None] = lambda _: None,
) -> list[LayerQuality]:
    """nDCG@10 of every layer over a collection; one forward pass a topic serves all layers.

    Args:
        first_stage: name of the run, None for the collection's default; depth: candidates a topic.
        progress: called after each topic.

    Raises:
        UserError: a topic cannot be read.
    """
    hits = collection.first_stage(first_stage).hits()
    rankings: dict[int, dict[str, list[str]]] = {}
    for topic in collection.topics():
        docids = [hit.docid for hit in hits.get(topic.qid, [])[:depth]]
        if docids:
            documents = collection.documents(docids)
            candidates = [Candidate(document.docid, document.text, document.title) for document in documents]
            try:
                found = layer_scores(backbone, topic.text, candidates, options)
            except QueryError as error:
                raise UserError(
                    f"Topic '{topic.qid}' cannot be read: {error}. Where it is too long, lower --depth, or cut "
                    "passages with --option words=..."
                ) from error
            for layer, scores in found.items():
                best = torch.argsort(scores, descending=True, stable=True).tolist()
                rankings.setdefault(layer, {})[topic.qid] = [docids[index] for index in best]
        progress(topic)
    qrels = collection.qrels()
    curve = []
    for layer, ranked in sorted(rankings.items()):
        values = list(evaluate(ranked, qrels)[METRIC].values())
        curve.append(LayerQuality(layer, fmean(values), bootstrap_interval(values)))
    return curve


def band_at_peak(quality: Mapping[int, float], size: int = BAND) -> tuple[int, int]:
    """The ``size`` layers around the best one, inclusive: with an even size one more after it than before it."""
    layers = sorted(quality)
    peak = max(layers, key=lambda layer: quality[layer])
    first = min(max(peak - (size - 1) // 2, layers[0]), max(layers[-1] - size + 1, layers[0]))
    return first, min(first + size - 1, layers[-1])


def as_csv(curve: list[LayerQuality]) -> str:
    """One line a layer."""
    lines = [f"layer,{METRIC},low,high"]
    lines += [f"{row.layer},{row.quality:.6f},{row.interval[0]:.6f},{row.interval[1]:.6f}" for row in curve]
    return "\n".join(lines) + "\n"
