"""ICR: order passages by the attention that the query's tokens pay them (arXiv 2410.02642)."""

from __future__ import annotations

from methods.in_context.icr import IcrOptions, InContext


class Icr(InContext[IcrOptions]):
    """In-context re-ranking over all layers and heads."""

    options_class = IcrOptions

    def heads(self) -> dict[int, range]:
        """All of them."""
        return self.backbone.attention.all_heads()
