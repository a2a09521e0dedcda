"""The query embedding: hidden states of the frozen LLM over the query alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmark.backbones.prompt import Part, Role, TokenizedPrompt

if TYPE_CHECKING:
    from torch import Tensor

    from benchmark.backbones.backbone import Backbone


def query_state(backbone: Backbone, query: str, layer: int) -> Tensor:
    """Mean over the query's tokens of what enters a layer, from a pass over ``Query: ...`` that ends there.

    No document is in view, so the long pass can be limited to the heads that are chosen from it.

    Returns:
        ``[hidden size]`` float32, on the CPU.
    """
    parts = [Part(Role.PREAMBLE, f"{backbone.chat.prefix}Query:"), Part(Role.QUERY, f" {query.strip()}")]
    prompt = TokenizedPrompt(parts, backbone.tokenizer.encode)
    start = min(prompt.span(1).start, len(prompt) - 1)
    states = backbone.attention.states(prompt.encoding.ids, layer)
    return states[start:].float().mean(0).cpu()
