"""Requests that rank the chunks of one long document or conversation for a question."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from benchmark.schema import Strict


class Chunk(Strict):
    """One chunk; its id may be called ``id`` or ``docid``, and may be left out."""

    docid: str | None = Field(default=None, min_length=1)
    id: str | None = Field(default=None, min_length=1)
    text: str
    title: str | None = None

    @model_validator(mode="after")
    def _one_name(self) -> Chunk:
        if self.id is not None and self.docid is not None:
            raise ValueError("has both 'id' and 'docid'; keep one of them")
        return self


class ChunkRequest(Strict):
    """One line: a question and the chunks in the order of the document."""

    qid: str | None = Field(default=None, min_length=1)
    question: str
    chunks: tuple[Chunk, ...]

    @field_validator("chunks", mode="before")
    @classmethod
    def _texts_are_chunks(cls, values: Any) -> Any:
        if not isinstance(values, list):
            return values
        return [{"text": value} if isinstance(value, str) else value for value in values]

    @field_validator("chunks")
    @classmethod
    def _some(cls, chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
        if not chunks:
            raise ValueError("holds nothing to rank")
        return chunks

    def as_query(self, line: int) -> dict[str, Any]:
        """The same as a request with candidates.

        What has no id is named by its place, counted from 1: ``q<line>`` for the question on that line of the
        input, ``c<position>`` for the chunk at that position of its document.
        """
        candidates = [
            {"docid": chunk.docid or chunk.id or f"c{position}", "text": chunk.text, "title": chunk.title}
            for position, chunk in enumerate(self.chunks, 1)
        ]
        return {"qid": self.qid or f"q{line}", "query": self.question, "candidates": candidates}


def has_chunks(values: Any) -> bool:
    """Whether a line is meant as a `ChunkRequest`."""
    return isinstance(values, dict) and not values.keys().isdisjoint({"question", "chunks"})
