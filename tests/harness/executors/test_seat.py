"""What runs on a Ray worker, without Ray."""

from __future__ import annotations

from typing import Any, cast

from benchmark.harness.executors.attendant import Attendant
from benchmark.harness.executors.ray import Seat


class Steps:
    """An `Attendant` whose orders are numbers; each is told to be done in its second step."""

    def __init__(self) -> None:
        self.busy = False
        self._order, self._steps = 0, 0

    def begin(self, order: int) -> None:
        assert not self.busy
        self.busy, self._order, self._steps = True, order, 0

    def step(self, seconds: float) -> list[dict[str, Any]]:
        assert self.busy
        assert seconds > 0
        self._steps += 1
        self.busy = self._steps < 2
        return [{"event": "lines" if self.busy else "done", "order": self._order}]


def test_an_order_that_is_done_takes_nothing_of_the_next() -> None:
    """The next one is given as soon as its end is heard, before the stream of the one before has ended."""
    seat = Seat(1)
    seat._attendant = cast("Attendant", Steps())
    first = seat.carry_out(cast("Any", 1))
    assert [next(first), next(first)] == [{"event": "lines", "order": 1}, {"event": "done", "order": 1}]
    second = seat.carry_out(cast("Any", 2))
    assert next(second) == {"event": "lines", "order": 2}
    assert list(first) == []
    assert list(second) == [{"event": "done", "order": 2}]
