"""Which prompts are run together. Pure: methods group their own with it, too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

BATCH_TOKENS = 8192
"""Tokens of one forward pass, padding included; a single longer prompt makes a pass of its own."""


def padded(ids: Sequence[int], width: int) -> list[int]:
    """Filled up at the end with a token that nobody looks at."""
    return [*ids, *[0] * (width - len(ids))]


def batches(lengths: Sequence[int], alike: float = 0.0) -> Iterator[list[int]]:
    """Indices grouped so that similar lengths stand together and no group exceeds `BATCH_TOKENS` with its padding.

    Args:
        alike: of the longest one's length, from which on a shorter one shares its group.
    """
    batch: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda number: -lengths[number]):
        if batch:
            # Sorted: the first of a batch is its longest.
            longest = lengths[batch[0]]
            if (len(batch) + 1) * longest > BATCH_TOKENS or lengths[number] < alike * longest:
                yield batch
                batch = []
        batch.append(number)
    if batch:
        yield batch


def packs(lengths: Sequence[int], most: int) -> Iterator[list[int]]:
    """Indices in order, grouped so that no group exceeds ``most`` tokens; a single longer one makes its own."""
    pack: list[int] = []
    total = 0
    for number, length in enumerate(lengths):
        if pack and total + length > most:
            yield pack
            pack, total = [], 0
        pack.append(number)
        total += length
    if pack:
        yield pack
