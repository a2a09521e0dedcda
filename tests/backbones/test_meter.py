"""What is counted, and what belongs to one query of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from benchmark.backbones.meter import Cost, Meter


def test_a_phase_is_timed_with_the_devices_work() -> None:
    waits: list[int] = []

    def device() -> None:
        waits.append(1)
        time.sleep(0.01)

    meter = Meter(device)
    with meter.phase("prefill"):
        pass
    assert len(waits) == 2, "before, so that earlier work is not counted, and after"
    assert meter.total.seconds["prefill"] >= 0.01
    with meter.phase("tokenise"):
        pass
    assert len(waits) == 2, "text is made into tokens without the device"


def test_a_phase_that_fails_is_counted_too() -> None:
    meter = Meter()
    try:
        with meter.phase("decode"):
            raise KeyError
    except KeyError:
        pass
    assert list(meter.total.seconds) == ["decode"]


def test_a_difference_names_only_what_happened_between() -> None:
    meter = Meter()
    meter.add(10, completion_tokens=3)
    meter.answered({"cut"})
    before = meter.total
    meter.add(5)
    meter.answered({"missing"})
    meter.answered()
    assert meter.total - before == Cost(
        forward_passes=1, prompt_tokens=5, answers=2, malformed=1, faults={"missing": 1}, seconds={}
    )
    assert before.faults == {"cut": 1}, "a total does not change afterwards"


def hash_of(*prompts: Sequence[int] | str) -> str | None:
    meter = Meter()
    for prompt in prompts:
        meter.prompted(prompt)
    return meter.take_prompts()


def test_prompts_are_hashed_by_kind_content_order_and_where_they_end() -> None:
    lists: list[list[Sequence[int] | str]] = [
        [[1, 2, 3]],
        [[1, 2, 4]],
        [[1], [2, 3]],
        [[1, 2], [3]],
        [[2, 3], [1]],
        ["a", "bc"],
        ["ab", "c"],
        ["abc"],
        [[]],
    ]
    assert len({hash_of(*prompts) for prompts in lists}) == len(lists)
    assert hash_of([1, 2], [3]) == hash_of((1, 2), (3,))
    assert hash_of() is None


def test_prompts_are_taken_once() -> None:
    meter = Meter()
    meter.prompted("one")
    first = meter.take_prompts()
    assert first is not None
    assert meter.take_prompts() is None
    meter.prompted("one")
    assert meter.take_prompts() == first
