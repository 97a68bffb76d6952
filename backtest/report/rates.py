"""A rate with its intervals."""

from __future__ import annotations

from dataclasses import dataclass

from backtest.statistics import jeffreys, wilson

FEW = 30  # outcomes, below which a number is marked as resting on too few


@dataclass(frozen=True, slots=True)
class Rate:
    """`k` successes of `n`, their share from 0 to 1, and 95 % intervals of it; None without trials."""

    k: int
    n: int
    share: float | None
    wilson: tuple[float, float] | None
    jeffreys: tuple[float, float] | None

    @property
    def too_few(self) -> bool:
        """Whether the rate rests on fewer than 30 trials."""
        return self.n < FEW


def rate(k: int, n: int) -> Rate:
    """Return the rate of `k` successes of `n`. Raises ValueError for impossible counts."""
    intervals = wilson(k, n), jeffreys(k, n)
    if n == 0:
        return Rate(0, 0, None, None, None)
    return Rate(int(k), int(n), k / n, *intervals)
