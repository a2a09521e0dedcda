"""How alike two rankings of the same topic are; pure functions."""

from __future__ import annotations

from collections.abc import Sequence

PERSISTENCE = 0.9
"""Of rank-biased overlap: the first ten ranks have about 86% of the weight."""


def rank_biased_overlap(one: Sequence[str], other: Sequence[str], p: float = PERSISTENCE) -> float:
    """Extrapolated rank-biased overlap of two rankings, 0 (nothing in common) to 1 (the same).

    The overlap at each depth, weighted so that a reader who goes on to the next rank with probability ``p`` sees it;
    beyond the end of the lists the agreement at the end is assumed to go on. It does not need the two to hold the same
    documents, and differences at the top count most.

    Source: Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4), 2010: equation 32,
    which for lists of the same length is equation 30.

    Args:
        one, other: docids best first, none twice.
        p: between 0 and 1, both excluded.

    Raises:
        ValueError: ``p`` out of range, or a docid twice in a list.
    """
    if not 0 < p < 1:
        raise ValueError(f"p must be between 0 and 1, not {p}")
    for ranking in (one, other):
        if len(set(ranking)) < len(ranking):
            raise ValueError("a ranking holds a document twice")
    short, long = sorted((one, other), key=len)
    if not short:
        return 1.0 if not long else 0.0
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    overlap, total = 0, 0.0
    overlap_at_end_of_short = 0
    for depth, docid in enumerate(long, 1):
        if depth <= len(short):
            overlap += short[depth - 1] in seen_long
            seen_short.add(short[depth - 1])
        overlap += docid in seen_short
        seen_long.add(docid)
        total += overlap / depth * p**depth
        if depth == len(short):
            overlap_at_end_of_short = overlap
        elif depth > len(short):
            # The short list's unseen rest is taken to agree as it did up to its end.
            beyond = overlap_at_end_of_short * (depth - len(short)) / (len(short) * depth)
            total += beyond * p**depth
    agreement = (overlap - overlap_at_end_of_short) / len(long) + overlap_at_end_of_short / len(short)
    return (1 - p) / p * total + agreement * p ** len(long)


def kendall_tau(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Kendall's tau of the documents that both rankings hold: 1 for the same order, -1 for the reverse.

    None where they share fewer than two documents. Rankings have no ties, so tau-b is tau.
    """
    from scipy.stats import kendalltau

    places = {docid: place for place, docid in enumerate(other)}
    common = [places[docid] for docid in one if docid in places]
    if len(common) < 2:
        return None
    return float(kendalltau(range(len(common)), common).statistic)
