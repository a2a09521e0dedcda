"""Prompts are grouped by size, none twice and none left out."""

from __future__ import annotations

from benchmark.backbones.packing import batches, packs


def test_groups_hold_every_prompt_once_within_their_size() -> None:
    lengths = [3000, 10, 20, 9000, 4000, 5, 2000, 30]
    groups = list(batches(lengths))
    assert sorted(number for group in groups for number in group) == list(range(8))
    assert groups[0] == [3]
    assert all(len(group) * max(lengths[number] for number in group) <= 8192 for group in groups[1:])
    assert [number for pack in packs(lengths, 2048) for number in pack] == list(range(8))
