"""Make a first-stage run with BM25 (bm25s): same documents and topics, same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.collections.base import Document, Hit, Topic


def bm25_run(documents: Sequence[Document], topics: Iterable[Topic], depth: int) -> dict[str, list[Hit]]:
    """Best ``depth`` documents of every topic.

    Lucene's BM25 with k1=0.9 and b=0.4 over title and text, English stop words, Porter's stemmer; scores to six
    decimals, equal scores in order of docid. Documents that share no term with the topic fill up the list with
    score zero, so that every list has ``depth`` documents where the corpus has as many.
    """
    import bm25s
    import Stemmer

    stemmer = Stemmer.Stemmer("porter")
    ordered = sorted(documents, key=lambda document: document.docid)
    corpus = bm25s.tokenize(
        [f"{document.title} {document.text}".strip() for document in ordered],
        stopwords="en",
        stemmer=stemmer,
        show_progress=False,
    )
    index = bm25s.BM25(method="lucene", k1=0.9, b=0.4)
    index.index(corpus, show_progress=False)
    run = {}
    for topic in topics:
        tokens = bm25s.tokenize([topic.text], stopwords="en", stemmer=stemmer, return_ids=False, show_progress=False)[0]
        known = [token for token in tokens if token in index.vocab_dict]
        scores = index.get_scores(known) if known else [0.0] * len(ordered)
        rounded = [round(float(score), 6) for score in scores]
        best = sorted(range(len(ordered)), key=lambda number: (-rounded[number], number))[:depth]
        run[topic.qid] = [Hit(ordered[number].docid, rounded[number]) for number in best]
    return run
