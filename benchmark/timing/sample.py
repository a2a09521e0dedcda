"""Which queries of a collection are timed: always the same ones, whatever the method and the backbone."""

from __future__ import annotations

from benchmark.collections.base import Collection, Topic
from benchmark.harness.record import CollectionRequest
from benchmark.hashing import sha256_bytes

SIZE = 10
"""Queries of a sample."""


def sample(collection: Collection, request: CollectionRequest, size: int = SIZE) -> list[Topic]:
    """The query with the longest prompt, and others drawn by the hash of their identifier, in the collection's order.

    The longest is the one whose text has most characters together with those of its candidates: tokens are the
    backbone's, and how much of a passage is used the method's.

    Args:
        collection: whole; request: its first stage and depth; size: at least 1, all topics where there are no more.
    """
    topics = list(collection.topics())
    if len(topics) <= size:
        return topics
    hits = collection.first_stage(request.first_stage).hits()

    def length(topic: Topic) -> int:
        listed = [hit.docid for hit in hits.get(topic.qid, [])[: request.depth]]
        documents = collection.documents(listed)
        return len(topic.text) + sum(len(document.title or "") + len(document.text) for document in documents)

    longest = max(topics, key=length)
    drawn = sorted((topic.qid for topic in topics if topic != longest), key=lambda qid: sha256_bytes(qid.encode()))
    chosen = {longest.qid, *drawn[: size - 1]}
    return [topic for topic in topics if topic.qid in chosen]
