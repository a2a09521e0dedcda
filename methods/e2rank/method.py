"""E2Rank: an embedding model whose query is a listwise prompt (arXiv 2510.22733)."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from benchmark.backbones.language import Message, Prompt
from methods.base import Candidate, Method, Options

END = "<|endoftext|>"
"""What the checkpoints were trained to end a passage with; a conversation ends with its generation prompt."""


class E2RankOptions(Options):
    """Options of E2Rank."""

    listed: int = Field(default=20, ge=1)
    """First candidates that stand in the query's prompt, as pseudo-relevance feedback."""
    words: int = Field(default=300, ge=1)
    """Words of each passage, title included."""
    instruction: str = (
        "Given a web search query and some relevant documents, rerank the documents that answer the query:"
    )
    """First line of the prompt."""


class E2Rank(Method[E2RankOptions]):
    """Cosine of each passage's embedding and that of the query with the first candidates."""

    options_class = E2RankOptions

    def ready(self) -> None:
        """UserError: the backbone has no chat template."""
        self.query_text("?", ["?"])

    def rerank(self, query: str, candidates: Sequence[Candidate]) -> list[float]:
        """See `Method.rerank`."""
        if not candidates:
            return []
        passages = [self._shown(candidate) for candidate in candidates]
        texts = [self.query_text(query, passages), *(passage + END for passage in passages)]
        points = self.backbone.embeddings.embed(texts)
        scores: list[float] = (points[1:] @ points[0]).tolist()
        return scores

    def query_text(self, query: str, passages: Sequence[str]) -> str:
        """The query with the first passages (Alibaba-NLP/E2Rank @ c72cc0a, ``src/eval.py``)."""
        listed = "\n".join(f"[{number}] {text}" for number, text in enumerate(passages[: self.options.listed], 1))
        content = f"{self.options.instruction}\nDocuments:\n{listed}\nSearch Query: {query}"
        return self.backbone.embeddings.rendered(Prompt((Message("user", content),)))

    def _shown(self, candidate: Candidate) -> str:
        return " ".join(candidate.titled.split()[: self.options.words])
