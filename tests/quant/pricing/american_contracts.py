"""Random American contracts with cash dividends, on a spot of 100 dollars."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPOT = 100.0
DAYS_PER_YEAR = 365
LAST_DAY = 912  # 2.5 years
MOST_DIVIDENDS = 10
SCHEDULES = 100


class Contracts(NamedTuple):
    """Terms of shape (n,); times are whole days, because QuantLib's dates are.

    ``schedule`` is the row of ``dividend_days`` and ``dividend_cents``, both of shape (schedules, 10). A row is sorted
    by day and ends in zeros where there are fewer dividends.
    """

    is_call: NDArray[np.bool_]
    strike: NDArray[np.float64]
    days: NDArray[np.int64]
    rate: NDArray[np.float64]
    borrow: NDArray[np.float64]
    volatility: NDArray[np.float64]
    schedule: NDArray[np.int64]
    dividend_days: NDArray[np.int64]
    dividend_cents: NDArray[np.int64]

    def dividends_of(self, schedule: int) -> list[tuple[int, float]]:
        """Return (day, dollars) of one schedule."""
        rows = zip(self.dividend_days[schedule].tolist(), self.dividend_cents[schedule].tolist(), strict=True)
        return [(day, cents / 100) for day, cents in rows if cents]


def sample(count: int, seed: int) -> Contracts:
    """Return ``count`` contracts; contract i has the schedule i % 100, so that each prefix has all schedules.

    Strikes 50 to 200 dollars, 1 to 912 days, rate -2 % to 8 %, borrow yield -2 % to 6 %, volatility 5 % to 150 %.
    Half of the schedules are quarterly, the others at random days of which some are within three days from now; cash is
    up to 3 % of spot each. One contract in eight settles within three days after a dividend.
    """
    random = np.random.default_rng(seed)
    days, cents = (
        np.array(rows) for rows in zip(*(_schedule(random) for _ in range(SCHEDULES)), strict=True)
    )
    schedule = np.arange(count) % SCHEDULES
    settled = np.where(
        random.random(count) < 0.5,
        random.integers(1, LAST_DAY + 1, count),
        np.exp(random.uniform(0.0, np.log(LAST_DAY), count)).astype(np.int64),
    )
    paid = days[schedule, random.integers(0, MOST_DIVIDENDS, count)]
    near = (random.random(count) < 0.125) & (paid > 0)
    settled = np.where(near, np.minimum(paid + random.integers(0, 4, count), LAST_DAY), settled)
    return Contracts(
        is_call=random.random(count) < 0.5,
        strike=np.round(random.uniform(50.0, 200.0, count) * 2) / 2,
        days=np.maximum(settled, 1),
        rate=np.round(random.uniform(-0.02, 0.08, count), 4),
        borrow=np.round(random.uniform(-0.02, 0.06, count), 4),
        volatility=np.round(random.uniform(0.05, 1.5, count), 4),
        schedule=schedule,
        dividend_days=days,
        dividend_cents=cents,
    )


def _schedule(random: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = int(random.integers(0, MOST_DIVIDENDS + 1))
    days = np.zeros(MOST_DIVIDENDS, dtype=np.int64)
    cents = np.zeros(MOST_DIVIDENDS, dtype=np.int64)
    if random.random() < 0.5:
        days[:count] = random.integers(1, 92) + 91 * np.arange(count)
        cents[:count] = random.integers(1, 301)
    else:
        chosen = random.choice(np.arange(1, LAST_DAY + 1), count, replace=False)
        if count and random.random() < 0.5:
            chosen[0] = random.integers(1, 4)
        days[:count] = np.sort(chosen)
        cents[:count] = random.integers(1, 301, count)
    return days, cents
