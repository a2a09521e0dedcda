"""Score candidates by the summed attention of chosen heads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmark.backbones.attention.prompt import Prompt
from methods.heads.notation import Head, by_layer
from methods.in_context.reading import Reading
from methods.in_context.scoring import HeadSum, masked_document_sums

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone


def calibrated_scores(backbone: Backbone, reading: Reading, heads: Sequence[Head]) -> list[float]:
    """Heads summed, content-free query subtracted, abnormally low tokens dropped, summed over each document.

    Layers above the deepest head's are not run.

    Args:
        reading: the prompt; heads: of the backbone's model, at least one.

    Returns:
        One score a document, in the order of ``reading.documents``.
    """
    attention = HeadSum()
    prompt = Prompt(reading.prefix, [reading.query, reading.content_free])
    backbone.attention.read(prompt, by_layer(heads), attention)
    scores: list[float] = masked_document_sums(attention.total[0] - attention.total[1], reading.documents).tolist()
    return scores
