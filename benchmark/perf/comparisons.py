"""How many comparisons the sorting frameworks need: ``python -m benchmark.perf.comparisons``. No model is run.

The lists have items whose worth is known, so that answers never contradict each other: in random order, in the order of
a first stage that is often wrong, and in order already. Beside them what arXiv 2310.09497 counted for Flan-T5 large on
TREC DL 2019, 100 documents for the first 10.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import click

from methods.sorting.bubblesort import bubblesort, sliding
from methods.sorting.comparing import Group, Pair, knockout
from methods.sorting.heapsort import heapsort
from methods.sorting.insertion import insertion
from methods.sorting.pairs import all_pairs


class Known:
    """Compares by worth and counts.

    Attributes:
        comparisons: groups or pairs asked about; calls: in so many calls.
    """

    def __init__(self, worth: Sequence[float]) -> None:
        self._worth = worth
        self.comparisons = self.calls = 0

    def ranking(self, groups: Sequence[Group]) -> list[list[int]]:
        """Places of each group, best first."""
        self.calls += 1
        self.comparisons += len(groups)
        return [sorted(range(len(group)), key=lambda place: -self._worth[group[place]]) for group in groups]

    def best(self, groups: Sequence[Group]) -> list[int]:
        """The best place of each group."""
        return [places[0] for places in self.ranking(groups)]

    def alone(self, groups: Sequence[Group]) -> list[list[int]]:
        """As `ranking`, with the best place only."""
        return [[place] for place in self.best(groups)]

    def prefer(self, pairs: Sequence[Pair]) -> list[int]:
        """The outcome of each pair."""
        self.calls += 1
        self.comparisons += len(pairs)
        return [1 if self._worth[one] > self._worth[other] else -1 for one, other in pairs]


@dataclass(frozen=True)
class Framework:
    """One way to sort ``n`` items for the first ``k``; published: comparisons a query, where there is a count."""

    title: str
    run: Callable[[Known, int, int], object]
    published: float | None = None


FRAMEWORKS = [
    Framework("setwise heapsort, 2 children", lambda known, n, k: heapsort(n, 2, k, known.best), 125.4),
    Framework("setwise heapsort, 3 children", lambda known, n, k: heapsort(n, 3, k, known.best)),
    Framework("setwise bubblesort, 2 children", lambda known, n, k: bubblesort(n, 2, k, known.best), 460.5),
    Framework("setwise insertion, best alone", lambda known, n, k: insertion(n, 2, k, known.alone, False)),
    Framework("setwise insertion, whole sets", lambda known, n, k: insertion(n, 2, k, known.ranking, True)),
    Framework("pairwise heapsort", lambda known, n, k: heapsort(n, 2, k, knockout(known.prefer)), 230.3),
    Framework("pairwise bubblesort", lambda known, n, k: bubblesort(n, 1, k, knockout(known.prefer))),
    Framework("pairwise sliding", lambda known, n, k: sliding(n, k, knockout(known.prefer))),
    Framework("all pairs", lambda known, n, _: all_pairs(n, known.prefer)),
]


def lists(documents: int, repeats: int) -> dict[str, list[list[float]]]:
    """Worths in list order, the same on every machine."""
    source = random.Random(0)
    order = [float(-place) for place in range(documents)]
    return {
        "random": [source.sample(order, documents) for _ in range(repeats)],
        "often wrong": [[worth + source.gauss(0, 0.3 * documents) for worth in order] for _ in range(repeats)],
        "in order": [order],
    }


def counted(framework: Framework, worths: Sequence[Sequence[float]], k: int) -> tuple[float, float]:
    """Mean comparisons and calls of a list."""
    knowns = [Known(worth) for worth in worths]
    for known, worth in zip(knowns, worths, strict=True):
        framework.run(known, len(worth), k)
    return statistics.mean(known.comparisons for known in knowns), statistics.mean(known.calls for known in knowns)


@click.command()
@click.option("--documents", type=click.IntRange(min=2), default=100, show_default=True)
@click.option("--k", type=click.IntRange(min=1), default=10, show_default=True)
@click.option("--repeats", type=click.IntRange(min=1), default=300, show_default=True, help="Lists of each kind.")
def main(documents: int, k: int, repeats: int) -> None:
    """Count comparisons, and calls that ask for those together that do not wait for each other."""
    kinds = lists(documents, repeats)
    click.echo(f"{documents} documents, first {k}: comparisons (calls), mean of {repeats} lists\n")
    click.echo(f"| framework | {' | '.join(kinds)} | published |\n|---|{'--:|' * (len(kinds) + 1)}")
    for framework in FRAMEWORKS:
        cells = [
            f"{comparisons:.1f} ({calls:.1f})"
            for comparisons, calls in (counted(framework, worths, k) for worths in kinds.values())
        ]
        published = "" if framework.published is None else str(framework.published)
        click.echo(f"| {framework.title} | {' | '.join(cells)} | {published} |")


if __name__ == "__main__":
    main()
