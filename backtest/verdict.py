"""The verdict of outcomes against random entries."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from backtest.bootstrap import Interval, mean_interval
from backtest.report.rates import FEW
from backtest.report.returns import Dates
from quant.chain import Floats

LEAST_SHARE = 0.01  # of wins, for the spread of random entries
ABOVE, BELOW, SAME = "above chance", "below chance", "not different from chance"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Outcomes against random entries: `word` says whether their expectancy differs.

    `word` is None, as are the numbers, without an outcome that has random entries. `difference` is the expectancy in R
    after costs less that of the random entries, None with outcomes in fewer than two sessions. `win_rate` and
    `chance_win_rate` are shown as information and do not decide. `too_few` is True below 30 outcomes.
    """

    word: str | None
    n: int
    too_few: bool
    expectancy: float | None
    chance_expectancy: float | None
    win_rate: float | None
    chance_win_rate: float | None
    difference: Interval | None


def against_chance(r: Floats, sessions: Dates, random_r: Floats, *, seed: int = 0) -> Verdict:
    """Return the verdict of outcomes against random entries, as `against_means` does.

    `random_r`, shape (n, m), are the multiples of the risk of m random entries of the same symbol, direction and bar of
    the session as each outcome, NaN for one without a result.
    """
    count = (~np.isnan(random_r)).sum(axis=1)
    some = np.maximum(count, 1)
    chance_r = np.where(count > 0, np.nansum(random_r, axis=1) / some, np.nan)
    return against_means(r, sessions, chance_r, (random_r > 0).sum(axis=1) / some, seed=seed)


def against_means(
    r: Floats, sessions: Dates, chance_r: Floats, chance_win_rate: Floats, *, seed: int = 0
) -> Verdict:
    """Return the verdict of outcomes against the means of their random entries.

    `r`, shape (n,), are multiples of the risk after costs and `sessions` the sessions of the outcomes. `chance_r` and
    `chance_win_rate`, shape (n,), are the mean R of the random entries of each outcome and the share of them that won.
    Outcomes with NaN in `r` or `chance_r` are left out.

    The verdict is that of the 95 % bootstrap interval by session of the mean of R less that of the random entries:
    without an advantage 2.5 % of detectors are "above chance". Fewer than 30 outcomes may all be equal, so their
    standard error is at least that of as many independent entries at chance, which either win or lose the risk.
    """
    used = ~np.isnan(r) & ~np.isnan(chance_r)
    r, sessions, chance_r, chance_win_rate = r[used], sessions[used], chance_r[used], chance_win_rate[used]
    n = len(r)
    if n == 0:
        return Verdict(None, 0, True, None, None, None, None, None)
    expected, share = float(chance_r.mean()), float(chance_win_rate.mean())
    least = _spread(expected, share) / sqrt(n) if n < FEW else 0.0
    difference = mean_interval(r - chance_r, sessions, seed=seed, least_error=least)
    return Verdict(
        word={1: ABOVE, 0: SAME, -1: BELOW}[0 if difference is None else difference.sign],
        n=n,
        too_few=n < FEW,
        expectancy=float(r.mean()),
        chance_expectancy=expected,
        win_rate=float((r > 0).mean()),
        chance_win_rate=share,
        difference=difference,
    )


def _spread(expected: float, share: float) -> float:
    """Return the standard deviation of an R that is -1 or a fixed win, from its mean and its share of wins."""
    share = min(max(share, LEAST_SHARE), 1 - LEAST_SHARE)
    return max(0.0, 1 + expected) * sqrt((1 - share) / share)
