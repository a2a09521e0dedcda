"""From a query and its candidates to one prompt: what every in-context method does first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from benchmark.errors import SHOWN, QueryError
from methods.base import Candidate, Options
from methods.in_context.passages import passage
from methods.in_context.prompt import Kind
from methods.in_context.reading import Positions, Reading, Rows, Spans, icr_reading

if TYPE_CHECKING:
    from benchmark.backbones.backbone import Backbone

Order = Literal["given", "reversed"]


class PromptOptions(Options):
    """How candidates are laid out in a prompt; options of every in-context method."""

    order: Order = "given"
    """Order in the prompt: first-stage best first, or last (next to the query)."""
    words: int = Field(default=0, ge=0)
    """Words kept of each passage; 0: all."""
    spans: Spans = "exact"
    """Token positions: ours, or as the official code measures them."""


@dataclass(frozen=True)
class IcrLayout:
    """The prompt of the ICR family.

    Attributes:
        kind: which late instruction.
        order, words: as in `PromptOptions`.
        positions: how token positions are found; rows: tokens of the tails that are read.
    """

    kind: Kind
    order: Order
    words: int
    positions: Positions
    rows: Rows = "tail"

    def describe(self) -> dict[str, Any]:
        """What the prompt and its spans depend on besides query and candidates."""
        return {"prompt": "icr", **asdict(self)}

    def read(self, backbone: Backbone, query: str, candidates: Sequence[Candidate]) -> Reading:
        """The prompt for these candidates.

        Returns:
            A reading whose documents are in the order of ``candidates``, wherever they stand in the prompt.

        Raises:
            QueryError: a candidate has no token in the prompt.
        """

        def reading(passages: Sequence[str]) -> Reading:
            return icr_reading(backbone.tokenizer, backbone.chat, passages, query, self.kind, self.positions, self.rows)

        return laid_out(candidates, self.order, self.words, reading)


def laid_out(
    candidates: Sequence[Candidate], order: Order, words: int, read: Callable[[Sequence[str]], Reading]
) -> Reading:
    """``read`` the candidates' passages in prompt order; see `IcrLayout.read`."""
    step = -1 if order == "reversed" else 1
    reading = read([passage(candidate, words) for candidate in candidates][::step])
    documents = reading.documents[::step]
    empty = [candidate.docid for candidate, span in zip(candidates, documents, strict=True) if not len(span)]
    if empty:
        more = f" and {len(empty) - SHOWN} more" if len(empty) > SHOWN else ""
        raise QueryError(
            f"no token in the prompt belongs to candidate {', '.join(empty[:SHOWN])}{more}: it has no text. "
            "Leave it out, or give it a title"
        )
    return replace(reading, documents=documents)
