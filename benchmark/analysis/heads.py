"""Which heads rank: detection scores by rule, overlap between head sets, and quality against the number of heads."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import torch
from torch import Tensor

from benchmark.artefacts import Artefact, TrainingData, query_print
from benchmark.backbones.backbone import Backbone
from benchmark.collections.base import Collection, Qrels, Topic
from benchmark.errors import QueryError, UserError
from benchmark.evaluation.metrics import evaluate
from benchmark.evaluation.statistics import bootstrap_interval
from benchmark.harness.training import candidates_of
from methods.base import Example
from methods.core.method import Core, CoreOptions, CoreSettings
from methods.heads.detection import ranked_heads
from methods.heads.method import FEWEST, arranged_tables
from methods.heads.notation import Head, format_heads, parse_heads
from methods.heads.tables import HeadScorer
from methods.qrhead.method import QrHead, QrHeadOptions, QrHeadSettings

METRIC = "nDCG@10"

COUNTS = (1, 2, 4, 8, 16, 32, 64)
"""Numbers of heads on the curve; all of them come last."""


@dataclass(frozen=True)
class Rule:
    """What one detection rule says of every head.

    Attributes:
        name: of the method; measure: what its scores are; scores: ``[layers, heads]``.
        usual: how many heads the method takes.
    """

    name: str
    measure: str
    scores: Tensor
    usual: int

    @property
    def ranked(self) -> list[Head]:
        """All heads, best first."""
        return ranked_heads(self.scores)

    @property
    def best(self) -> HeadSet:
        """The heads the method takes; all of a model that has fewer."""
        heads = tuple(self.ranked[: self.usual])
        return HeadSet(f"{self.name} top {len(heads)}", heads)


@dataclass(frozen=True)
class HeadSet:
    """Heads under a name."""

    name: str
    heads: tuple[Head, ...]


@dataclass(frozen=True)
class Shared:
    """What two sets have in common.

    Attributes:
        heads: in both, by layer; jaccard: their number over the number in either, 0 to 1.
    """

    one: HeadSet
    other: HeadSet
    heads: tuple[Head, ...]
    jaccard: float


@dataclass(frozen=True)
class SumQuality:
    """Mean nDCG@10 of the ranking by the sum over a rule's ``count`` best heads, with its 95% interval."""

    count: int
    quality: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Lists:
    """What the curve is measured on: the topics with candidates and the judgements.

    Attributes:
        ranked: docids with the first stage's scores by qid, best first, cut at the depth.
    """

    collection: Collection
    topics: list[Topic]
    ranked: dict[str, list[tuple[str, float]]]
    qrels: Qrels

    def first_stage_quality(self) -> float:
        """Mean nDCG@10 of the candidates as they came; UserError if no topic is judged."""
        rankings = {qid: [docid for docid, _ in hits] for qid, hits in self.ranked.items()}
        return fmean(evaluate(rankings, self.qrels)[METRIC].values())


def enough(examples: Sequence[Example]) -> None:
    """UserError where there are too few training queries to tell heads apart."""
    if len(examples) < FEWEST:
        raise UserError(
            f"Heads are detected on at least {FEWEST} queries with a relevant and another candidate; there are "
            f"{len(examples)}. Use another --collection or --split, or a greater --depth."
        )


def detect(
    backbone: Backbone,
    scorer: HeadScorer,
    examples: Sequence[Example],
    progress: Callable[[int], None],
    words: int = 0,
) -> list[Rule]:
    """QRHead's and CoRe's detection with their default settings, from one calibrated pass a query.

    Args:
        progress: called with the number of queries done; words: kept of each passage, 0 for all.

    Prompt and mixing are those of ``rerankbench fit``, so that each finds the tables the other kept.

    Raises:
        UserError: a query cannot be read, or there are too few.
    """
    qrhead, core = QrHead(QrHeadOptions(words=words), backbone), Core(CoreOptions(words=words), backbone)
    qrhead_settings, core_settings = QrHeadSettings(), CoreSettings()
    layout = qrhead.detection_layout(qrhead_settings)
    assert layout == core.detection_layout(core_settings), "one pass serves both"
    tables = arranged_tables(scorer, layout, examples, qrhead_settings, progress)
    grades = [example.grades for example in examples]
    return [
        Rule("QRHead", *qrhead.detect(tables, grades, qrhead_settings), qrhead.options.number(backbone)),
        Rule("CoRe", *core.detect(tables, grades, core_settings), core.options.number(backbone)),
    ]


def artefact_set(artefact: Artefact, backbone: str, revision: str) -> HeadSet:
    """The heads an artefact chose; UserError if it is of another backbone, or chose none."""
    artefact.refuse_other_backbone(backbone, revision)
    header = artefact.header
    if not header.heads:
        raise UserError(f"{artefact.folder}: artefact '{header.name}' names no static set of heads. Leave it out.")
    return HeadSet(header.name, tuple(parse_heads(",".join(header.heads))))


def seen_before(topics: Sequence[Topic], data: TrainingData) -> int:
    """How many topics were learnt from, by their text."""
    known = set(data.query_prints)
    return sum(query_print(topic.text) in known for topic in topics)


def overlaps(sets: Sequence[HeadSet]) -> list[Shared]:
    """Every two sets, in the order given."""
    found = []
    for one, other in combinations(sets, 2):
        both, either = set(one.heads) & set(other.heads), set(one.heads) | set(other.heads)
        found.append(Shared(one, other, tuple(sorted(both)), len(both) / len(either) if either else 0.0))
    return found


def lists(collection: Collection, first_stage: str | None, depth: int) -> Lists:
    """Topics, candidates and judgements of a split.

    Args:
        first_stage: name of the run, None for the collection's default; depth: candidates a topic.
    """
    hits = collection.first_stage(first_stage).hits()
    topics = [topic for topic in collection.topics() if hits.get(topic.qid)]
    ranked = {topic.qid: [(hit.docid, hit.score) for hit in hits[topic.qid][:depth]] for topic in topics}
    return Lists(collection, topics, ranked, collection.qrels())


def counts(heads: int) -> list[int]:
    """How many heads are summed at each point of the curve for a model that has ``heads``."""
    return [count for count in COUNTS if count < heads] + [heads]


def summed(calibrated: Tensor, ranked: Sequence[Head], numbers: Sequence[int]) -> Tensor:
    """Sums over the best heads.

    Args:
        calibrated: ``[layers, heads, documents]``; ranked: best first; numbers: how many are summed, each at least 1.

    Returns:
        ``[numbers, documents]`` float64.
    """
    at, head = torch.tensor(ranked).T
    running = calibrated[at, head].double().cumsum(0)
    return running[torch.tensor(numbers) - 1]


def sum_curves(
    backbone: Backbone,
    scorer: HeadScorer,
    rules: Sequence[Rule],
    measured: Lists,
    progress: Callable[[Topic], None],
    words: int = 0,
) -> dict[str, list[SumQuality]]:
    """nDCG@10 against the number of heads; one calibrated pass a topic serves every rule and number.

    Candidates are in first-stage order in the prompt. Outliers are masked for each head alone and then summed, since
    the tables hold heads apart, whereas QRHead and CoRe mask once, after summing: with more than one head values differ
    slightly from what ``rerankbench run`` measures.

    Returns:
        By name of the rule, by rising number of heads.

    Raises:
        UserError: a topic cannot be read.
    """
    layout = QrHead(QrHeadOptions(words=words), backbone).layout()
    numbers = counts(rules[0].scores.numel())
    rankings: dict[tuple[str, int], dict[str, list[str]]] = {}
    for topic in measured.topics:
        candidates = candidates_of(measured.collection, measured.ranked[topic.qid])
        try:
            table = scorer.scores(layout, topic.text, candidates).calibrated
        except QueryError as error:
            raise UserError(
                f"Topic '{topic.qid}' cannot be read: {error}. Where it is too long, lower --depth or --words."
            ) from error
        for rule in rules:
            for number, scores in zip(numbers, summed(table, rule.ranked, numbers), strict=True):
                order = scores.argsort(descending=True, stable=True).tolist()
                ranked = [candidates[index].docid for index in order]
                rankings.setdefault((rule.name, number), {})[topic.qid] = ranked
        progress(topic)
    found: dict[str, list[SumQuality]] = {}
    for (name, number), ranked_topics in rankings.items():
        values = list(evaluate(ranked_topics, measured.qrels)[METRIC].values())
        found.setdefault(name, []).append(SumQuality(number, fmean(values), bootstrap_interval(values)))
    return found


def scores_csv(rule: Rule) -> str:
    """One line a head, by layer; rank 1 is the best."""
    ranks = {head: rank for rank, head in enumerate(rule.ranked, 1)}
    lines = [
        [layer, head, f"{value:.6g}", ranks[layer, head]]
        for layer, row in enumerate(rule.scores.tolist())
        for head, value in enumerate(row)
    ]
    return _csv([["layer", "head", rule.measure, "rank"], *lines])


def overlap_csv(found: Sequence[Shared]) -> str:
    """One line for every two sets."""
    header = ["set", "size", "other_set", "other_size", "shared", "jaccard", "heads"]
    lines = [
        [
            pair.one.name,
            len(pair.one.heads),
            pair.other.name,
            len(pair.other.heads),
            len(pair.heads),
            f"{pair.jaccard:.4f}",
            format_heads(pair.heads),
        ]
        for pair in found
    ]
    return _csv([header, *lines])


def curve_csv(found: Mapping[str, Sequence[SumQuality]], first_stage: float) -> str:
    """One line a rule and number of heads, and one for the first stage, without a number or an interval."""
    lines = [
        [name, row.count, f"{row.quality:.6f}", f"{row.interval[0]:.6f}", f"{row.interval[1]:.6f}"]
        for name, rows in found.items()
        for row in rows
    ]
    return _csv([["rule", "heads", METRIC, "low", "high"], *lines, ["first stage", "", f"{first_stage:.6f}", "", ""]])


def _csv(rows: Sequence[Sequence[object]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
