"""From token attention to document scores (ICR, arXiv 2410.02642, section 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from benchmark.backbones.prompt import Span

Tensor = torch.Tensor


class HeadSum:
    """Consumer of `AttentionReader.read` that adds up all heads of all layers.

    Attributes:
        total: ``[branches, prefix tokens]`` float32, after the reading.
    """

    def __init__(self) -> None:
        self.total = torch.zeros(())

    def __call__(self, layer: int, attention: Tensor) -> None:
        """Add one layer's ``[branches, heads, prefix tokens]``."""
        del layer
        self.total = self.total.to(attention.device) + attention.sum(1)


class HeadTable:
    """Consumer of `AttentionReader.read` that scores every document by every head alone.

    One reading serves every set of heads and every way to choose them.

    Args:
        documents: spans within the prefix.
    """

    def __init__(self, documents: Sequence[Span]) -> None:
        self._documents = documents
        self._raw: dict[int, Tensor] = {}
        self._calibrated: dict[int, Tensor] = {}

    def __call__(self, layer: int, attention: Tensor) -> None:
        """Score one layer's ``[1 or 2, heads, prefix tokens]``: the query's branch, then the content-free one."""
        self._raw[layer] = document_sums(attention[0], self._documents).cpu()
        if len(attention) == 2:
            self._calibrated[layer] = masked_document_sums(attention[0] - attention[1], self._documents).cpu()

    @property
    def raw(self) -> Tensor:
        """``[layers, heads, documents]`` float32: attention of the query's rows, summed over each document."""
        return torch.stack([self._raw[layer] for layer in sorted(self._raw)])

    @property
    def calibrated(self) -> Tensor:
        """As `raw`, minus the content-free query's and without abnormally low tokens of that head (QRHead)."""
        return torch.stack([self._calibrated[layer] for layer in sorted(self._calibrated)])


class MaskedHeadSum:
    """Consumer of `AttentionReader.read` that scores documents by every head alone, as `HeadTable`, and adds heads up.

    Args:
        documents: spans within the prefix.
    """

    def __init__(self, documents: Sequence[Span]) -> None:
        self._documents = documents
        self.scores = torch.zeros(len(documents))

    def __call__(self, layer: int, attention: Tensor) -> None:
        """Add one layer's ``[2, heads, prefix tokens]``."""
        del layer
        self.scores += masked_document_sums(attention[0] - attention[1], self._documents).sum(0).cpu()


class LayerScores:
    """Consumer of `AttentionReader.read` that scores every document by each layer: its heads summed, then masked.

    Args:
        documents: spans within the prefix.
    """

    def __init__(self, documents: Sequence[Span]) -> None:
        self._documents = documents
        self.scores: dict[int, Tensor] = {}

    def __call__(self, layer: int, attention: Tensor) -> None:
        """Score one layer's ``[2, heads, prefix tokens]``: ``[documents]``."""
        summed = attention.sum(1)
        self.scores[layer] = masked_document_sums(summed[0] - summed[1], self._documents).cpu()


def document_sums(tokens: Tensor, documents: Sequence[Span]) -> Tensor:
    """Sum of token scores over each document: ``[..., prefix tokens]`` to ``[..., documents]``."""
    return _per_document(tokens, documents, lambda part: part.sum(-1))


def masked_document_sums(tokens: Tensor, documents: Sequence[Span]) -> Tensor:
    """As `document_sums`, without each document's own abnormally low tokens.

    Kept are tokens with ``c > mean - 2 * std`` (unbiased) over the document; all of a one-token document, whose std
    is undefined.
    """
    return _per_document(tokens, documents, _masked_sum)


def _masked_sum(part: Tensor) -> Tensor:
    if part.shape[-1] < 2:
        return part.sum(-1)
    threshold = part.mean(-1, keepdim=True) - 2 * part.std(-1, keepdim=True)
    return (part * (part > threshold)).sum(-1)


def _per_document(tokens: Tensor, documents: Sequence[Span], score: Callable[[Tensor], Tensor]) -> Tensor:
    return torch.stack([score(tokens[..., span.start : span.stop]) for span in documents], -1)
