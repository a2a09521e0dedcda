"""What a fitted method has seen of the topics and documents it is measured on."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.artefacts import TrainingData, document_print, overlap, query_print
from benchmark.collections.base import Collection, Topic
from benchmark.harness.record import QueryRecord, TrainingOverlap
from benchmark.names import canonical
from methods.base import Method, Options


def overlaps(
    method: Method[Options], collection: Collection, topics: Sequence[Topic], records: Sequence[QueryRecord]
) -> list[TrainingOverlap]:
    """One entry for each set of data the method was fitted on; empty for a method that was not fitted."""
    learnt = method.learnt_from()
    if not learnt:
        return []
    queries = [query_print(topic.text) for topic in topics]
    docids = sorted({docid for record in records for docid in record.docids})
    documents = [document_print(document.docid, document.text) for document in collection.documents(docids)]
    found = []
    for data in learnt:
        if isinstance(data, TrainingData):
            found.append(
                TrainingOverlap(
                    source=f"{data.collection}:{data.split}",
                    checked=True,
                    queries=overlap(queries, data.query_prints),
                    documents=overlap(documents, data.document_prints),
                )
            )
        else:
            same = canonical(data) == canonical(collection.name)
            found.append(TrainingOverlap(source=data, checked=False, queries=len(queries) if same else 0, documents=0))
    return found
