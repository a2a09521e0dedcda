"""Text to measure with: passages of the demo collection, laid end to end and cut to size."""

from __future__ import annotations

from itertools import cycle, islice

from benchmark.collections import catalogue
from benchmark.collections.folder import FolderCollection, read_corpus
from methods.base import Candidate

QUERY = "Why does bread go stale faster in the refrigerator than on the kitchen counter?"


def candidates(documents: int, words: int) -> list[Candidate]:
    """``documents`` different texts of ``words`` words each; the same on every machine."""
    text: list[str] = []
    for split in ("test", "train"):
        collection = catalogue.find("demo", split)
        assert isinstance(collection, FolderCollection)
        for document in read_corpus(collection.folder):
            text += document.text.split()
    stream = cycle(text)
    return [Candidate(str(number), " ".join(islice(stream, words))) for number in range(documents)]
