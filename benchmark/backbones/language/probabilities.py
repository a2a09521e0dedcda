"""Adding probabilities that are given by their logarithms, where no tensors are at hand."""

from __future__ import annotations

import math
from collections.abc import Sequence


def logsumexp(numbers: Sequence[float]) -> float:
    """Log of the sum of the exponentials; minus infinity where all numbers are."""
    most = max(numbers)
    return most + math.log(math.fsum(math.exp(number - most) for number in numbers)) if math.isfinite(most) else most
