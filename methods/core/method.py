"""CoRe: order passages by the attention of heads that tell relevant from nearly relevant (arXiv 2510.02219)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from methods.core.reading import CoreLayout
from methods.heads.choice import HeadOptions
from methods.heads.detection import Judged, detect_by_contrast
from methods.heads.method import DetectionSettings, HeadMethod
from methods.heads.published import PublishedSet
from methods.heads.tables import HeadScores, Layout
from methods.in_context.layout import IcrLayout

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.backbones.backbone import Backbone


class CoreOptions(HeadOptions):
    """Options of CoRe."""

    folder: ClassVar[Path] = Path(__file__).parent
    usual: ClassVar[int] = 8

    prune: float = Field(default=0.0, ge=0.0, le=0.9)
    """Share of the upper layers that are left out; heads are taken from the layers that remain."""

    def _candidates(self, backbone: Backbone) -> Sequence[PublishedSet]:
        """The list of the deepest published pruning that is not deeper than ours, first."""
        found = [entry for entry in super()._candidates(backbone) if entry.prune <= self.prune]
        return sorted(found, key=lambda entry: -entry.prune)


class CoreSettings(DetectionSettings):
    """Settings of the detection."""

    temperature: float = Field(default=0.001, gt=0)
    """Of the softmax over positive and negatives; the paper takes 0.001 for Mistral and Granite, 0.1 for Llama and
    Phi."""
    prompt: Literal["auto", "shared", "core"] = "auto"
    """Prompt of the detection: the one QRHead and RouteHead are fitted with, so that one pass serves all, or CoRe's
    own; ``auto``: CoRe's own with spans=official, else the shared one."""


class Core(HeadMethod[CoreOptions, CoreSettings]):
    """CoRe's prompt, scored by contrastive retrieval heads."""

    options_class = CoreOptions
    fit_settings = CoreSettings

    def layers(self) -> int:
        """What pruning leaves, at least one."""
        return max(1, int(self.backbone.attention.layers * (1 - self.options.prune)))

    def layout(self) -> CoreLayout:
        """CoRe's prompt."""
        return CoreLayout(self.options.order, self.options.words, self.options.spans)

    def detection_layout(self, settings: CoreSettings) -> Layout:
        """As the setting ``prompt`` says."""
        options = self.options
        if settings.prompt == "core" or (settings.prompt == "auto" and options.spans == "official"):
            return CoreLayout(options.order, options.words, options.spans, detection=True)
        return IcrLayout("ie", options.order, options.words, "exact")

    def detect(
        self, scores: Sequence[HeadScores], grades: Sequence[Sequence[int]], settings: CoreSettings
    ) -> tuple[str, Tensor]:
        """See `HeadMethod.detect`."""
        judged = [Judged(table.raw, grade) for table, grade in zip(scores, grades, strict=True)]
        return f"share of the positive, temperature {settings.temperature:g}", detect_by_contrast(
            judged, settings.temperature
        )
