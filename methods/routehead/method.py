"""RouteHead: a router picks the heads from the query (arXiv 2604.24608)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field, field_validator

from benchmark.artefacts import Artefact, TrainingData, is_artefact, read_artefact, rounded
from benchmark.backbones.attention.prompt import Prompt
from benchmark.errors import UserError
from benchmark.names import canonical, did_you_mean
from methods.base import Candidate, Example, Fitted, Method, Options
from methods.heads.detection import Judged, detect_by_ndcg, ranked_heads
from methods.heads.method import DetectionSettings, arranged_tables
from methods.heads.notation import Head, by_layer, format_heads, parse_heads
from methods.heads.tables import HeadScorer
from methods.in_context.layout import IcrLayout, Order
from methods.in_context.scoring import MaskedHeadSum
from methods.routehead.labels import Search, search, static_set
from methods.routehead.router import Router, RouterSettings, train
from methods.routehead.states import query_state

SHIPPED = Path(__file__).parent / "artefacts"

FACTS = {"layer", "candidates", "most_heads"}
"""What inference takes from an artefact's facts, besides the router's weights."""

FEWEST = 10
"""Training queries without which there is nothing to hold out."""


class RouteHeadOptions(Options):
    """Options of RouteHead."""

    router: str = "auto"
    """Path of an artefact, name of a shipped one, or ``auto``: the one shipped for the backbone."""
    max_heads: int = Field(default=0, ge=0)
    """Heads read at most; 0: as many as a training label held at most."""
    order: Order = "given"
    """Order in the prompt: first-stage best first, or last (next to the query)."""
    words: int = Field(default=0, ge=0)
    """Words kept of each passage; 0: all."""

    @field_validator("router")
    @classmethod
    def _is_a_router(cls, value: str) -> str:
        if value == "auto":
            return value
        folder = _shipped(value) or Path(value).expanduser()
        if not is_artefact(folder):
            raise ValueError(
                f"'{value}' is no folder with an artefact. {did_you_mean(value, _shipped_names())} 'auto' also works"
            )
        header = read_artefact(folder).header
        if not header.facts.keys() >= FACTS:
            raise ValueError(f"artefact '{header.name}' of method '{header.method}' holds no router")
        return value

    def artefacts(self) -> dict[str, Path]:
        """See `Options.artefacts`."""
        return {} if self.router == "auto" else {"router": _shipped(self.router) or Path(self.router).expanduser()}


class RouteHeadSettings(DetectionSettings, RouterSettings):
    """Settings of the fit."""

    candidates: int = Field(default=32, gt=0)
    """Heads that labels are made of: those that rank best alone."""
    heads: int = Field(default=8, gt=0)
    """Heads of a label, at most."""
    search: Search = "swap"
    """How a label is found."""
    start: Literal["static", "empty"] = "static"
    """Where the search begins: with the best static set, left only where another ranks better, or with no head."""
    layer: float = Field(default=0.5, ge=0, lt=1)
    """Depth whose states are the query embedding, as a share of the layers."""


class RouteHead(Method[RouteHeadOptions]):
    """Calibrated attention of the heads that a router picks for the query; each head masked, then summed."""

    options_class = RouteHeadOptions
    fit_settings = RouteHeadSettings
    fit_option = "router"

    def ready(self) -> None:
        """See `Method.ready`; UserError for a router that is not there, altered, or of another backbone."""
        _ = self._router

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`."""
        if not candidates:
            return []
        reading = self.layout().read(self.backbone, query, candidates)
        total = MaskedHeadSum(reading.documents)
        prompt = Prompt(reading.prefix, [reading.query, reading.content_free])
        self.backbone.attention.read(prompt, by_layer(self.route(query)), total)
        scores: list[float] = total.scores.tolist()
        return scores

    def route(self, query: str) -> list[Head]:
        """The heads for a query; the best static set where the router wants none."""
        facts = self._artefact.header.facts
        state = query_state(self.backbone, query, int(facts["layer"]))
        chosen = self._router.choose(state, self.options.max_heads or int(facts["most_heads"]))
        candidates = parse_heads(str(facts["candidates"]))
        return [candidates[index] for index in chosen] or parse_heads(",".join(self._artefact.header.heads))

    def learnt_from(self) -> list[TrainingData | str]:
        """See `Method.learnt_from`."""
        return [self._artefact.header.data]

    def layout(self) -> IcrLayout:
        """ICR's prompt, asking for information."""
        return IcrLayout("ie", self.options.order, self.options.words, "exact")

    def fit(
        self,
        examples: Sequence[Example],
        settings: Options,
        kept: Path | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> Fitted:
        """See `Method.fit`: score tables, pseudo labels by search, then the router."""
        assert isinstance(settings, RouteHeadSettings)
        used = examples[: settings.queries or None]
        if len(used) < FEWEST:
            raise UserError(
                f"{len(used)} training queries have a relevant and another candidate; at least {FEWEST} are needed. "
                "Use a larger collection, or a greater --depth, or a method with a static set (qrhead, core)."
            )
        scorer = HeadScorer(self.backbone, kept)
        tables = arranged_tables(scorer, self.layout(), used, settings, progress)
        judged = [Judged(table.calibrated, example.grades) for table, example in zip(tables, used, strict=True)]
        layer = int(settings.layer * self.backbone.attention.layers)
        states = torch.stack([query_state(self.backbone, example.query, layer) for example in used])
        return learn(judged, states, settings, {"tables_made": scorer.made, "layer": layer})

    @cached_property
    def _artefact(self) -> Artefact:
        if self.options.router != "auto":
            artefact = read_artefact(_shipped(self.options.router) or Path(self.options.router).expanduser())
            artefact.refuse_other_backbone(self.backbone.name, self.backbone.revision)
            return artefact
        for name in _shipped_names():
            artefact = read_artefact(SHIPPED / name)
            fitted = artefact.header.backbone
            if (fitted.name, fitted.revision) == (self.backbone.name, self.backbone.revision):
                return artefact
        raise UserError(
            f"No router is shipped for backbone '{self.backbone.name}'. Fit one: rerankbench fit routehead "
            f"--backbone {self.backbone.name} --collection ... and give the folder as router=..."
        )

    @cached_property
    def _router(self) -> Router:
        return Router.from_tensors(self._artefact.tensors())


def learn(judged: Sequence[Judged], states: torch.Tensor, settings: RouteHeadSettings, facts: dict[str, Any]) -> Fitted:
    """Candidate heads, labels, static set and router from score tables.

    Args:
        judged: calibrated tables ``[layers, heads, documents]``; states: ``[queries, hidden size]``; facts: to go on.
    """
    detection = detect_by_ndcg(judged)
    candidates = ranked_heads(detection)[: settings.candidates]
    at = tuple(torch.tensor(candidates).T)
    tables = [Judged(query.scores[at], query.grades) for query in judged]
    labels = torch.zeros(len(tables), len(candidates))
    with one_thread():
        static = static_set(tables, settings.heads)
        start = static if settings.start == "static" else ()
        for row, table in zip(labels, tables, strict=True):
            row[search(table, settings.heads, settings.search, start)] = 1
        trained = train(states, labels, settings, settings.seed)
    return Fitted(
        heads=tuple(format_heads([candidates[index]]) for index in static),
        measure="nDCG@10",
        table=rounded(detection),
        facts={
            **facts,
            "queries": len(judged),
            "candidates": format_heads(candidates),
            "most_heads": settings.heads,
            "label_size": float(labels.sum(1).mean()),
            "epoch": trained.epoch,
            "held_out_loss": [float(f"{loss:.6g}") for loss in trained.losses],
        },
        tensors=trained.router.tensors(),
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block torch computes with one thread: these tensors are so small that a second one only waits."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _shipped_names() -> list[str]:
    return sorted(path.name for path in SHIPPED.glob("*") if is_artefact(path))


def _shipped(name: str) -> Path | None:
    return next((SHIPPED / known for known in _shipped_names() if known == canonical(name)), None)
