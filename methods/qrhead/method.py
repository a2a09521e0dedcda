"""QRHead: order passages by the attention of query-focused retrieval heads (arXiv 2506.09944)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from methods.heads.choice import HeadOptions
from methods.heads.detection import Judged, detect_by_mass, detect_by_ndcg
from methods.heads.method import DetectionSettings, HeadMethod
from methods.heads.tables import HeadScores
from methods.in_context.layout import IcrLayout

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.backbones.backbone import Backbone

VERY_LARGE = 30_000_000_000
"""Weights from which 32 heads are taken instead of 16; the paper takes 32 for its 70B model."""


class QrHeadOptions(HeadOptions):
    """Options of QRHead."""

    folder: ClassVar[Path] = Path(__file__).parent
    usual: ClassVar[int] = 16

    def number(self, backbone: Backbone) -> int:
        """See `HeadOptions.number`."""
        return self.top or (2 * self.usual if backbone.parameters >= VERY_LARGE else self.usual)


class QrHeadSettings(DetectionSettings):
    """Settings of the detection."""

    measure: Literal["ndcg", "mass", "raw_mass"] = "ndcg"
    """A head's score: nDCG@10 of its ranking (official code on BEIR), its calibrated scores summed over relevant
    documents (official code on LongMemEval), or its plain attention on them (definition in the paper)."""


class QrHead(HeadMethod[QrHeadOptions, QrHeadSettings]):
    """ICR's prompt, scored by heads that retrieve."""

    options_class = QrHeadOptions
    fit_settings = QrHeadSettings

    def layout(self) -> IcrLayout:
        """ICR's prompt, asking for information; the whole tail is read."""
        options = self.options
        return IcrLayout("ie", options.order, options.words, "offsets" if options.spans == "official" else "exact")

    def detection_layout(self, settings: QrHeadSettings) -> IcrLayout:
        """As scored."""
        del settings
        return self.layout()

    def detect(
        self, scores: Sequence[HeadScores], grades: Sequence[Sequence[int]], settings: QrHeadSettings
    ) -> tuple[str, Tensor]:
        """See `HeadMethod.detect`."""
        if settings.measure == "raw_mass":
            return "attention on relevant documents", detect_by_mass(
                [Judged(table.raw, grade) for table, grade in zip(scores, grades, strict=True)]
            )
        judged = [Judged(table.calibrated, grade) for table, grade in zip(scores, grades, strict=True)]
        if settings.measure == "mass":
            return "calibrated attention on relevant documents", detect_by_mass(judged)
        return "nDCG@10", detect_by_ndcg(judged)
