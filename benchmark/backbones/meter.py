"""Hardware-free costs of what a backbone was asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Counts since a meter was made.

    Attributes:
        forward_passes: calls of the model.
        prompt_tokens: tokens given to it, padding excluded, summed over calls; tokens taken from a cache are not
            counted again.
        completion_tokens: tokens generated.
    """

    forward_passes: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __sub__(self, earlier: Cost) -> Cost:
        return Cost(
            self.forward_passes - earlier.forward_passes,
            self.prompt_tokens - earlier.prompt_tokens,
            self.completion_tokens - earlier.completion_tokens,
        )


class Meter:
    """Running total of a backbone's costs; everything that calls the model adds to it."""

    def __init__(self) -> None:
        self.total = Cost()

    def add(self, prompt_tokens: int, completion_tokens: int = 0, forward_passes: int = 1) -> None:
        """Count work done."""
        self.total = Cost(
            self.total.forward_passes + forward_passes,
            self.total.prompt_tokens + prompt_tokens,
            self.total.completion_tokens + completion_tokens,
        )
