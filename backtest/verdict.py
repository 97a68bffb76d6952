"""The verdict of outcomes against random entries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from backtest.bootstrap import Interval, mean_interval
from backtest.columns import OutcomeColumns
from backtest.report.rates import FEW
from backtest.report.returns import Dates
from quant.chain import Bools, Floats

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


def verdict_of(outcomes: OutcomeColumns, chance: Mapping[str, Floats], rows: Bools) -> Verdict:
    """Return the verdict of the outcomes in a mask (n,); `chance` are the columns of the random entries, each (n,)."""
    names = ("chance_r", "chance_deviation", "chance_win_rate")
    return against_chance(outcomes.r[rows], outcomes.session[rows], *(chance[name][rows] for name in names))


def against_chance(
    r: Floats,
    sessions: Dates,
    chance_r: Floats,
    chance_deviation: Floats,
    chance_win_rate: Floats,
    *,
    seed: int = 0,
) -> Verdict:
    """Return the verdict of outcomes against random entries.

    `r`, shape (n,), are multiples of the risk after costs and `sessions` the sessions of the outcomes. `chance_r`,
    `chance_deviation` and `chance_win_rate`, shape (n,), are mean, standard deviation and share of wins of R of the
    random entries of the same symbol, direction and bar of the session as each outcome. Outcomes without R or without
    any random entry (NaN) are left out.

    The verdict is that of the 95 % bootstrap interval by session of the mean of R less the mean of its random entries:
    without an advantage 2.5 % of detectors are "above chance". The standard error is at least that of as many
    independent random entries, so that a few equal outcomes do not seem certain.
    """
    used = ~np.isnan(r) & ~np.isnan(chance_r)
    r, sessions, chance_r, chance_win_rate = r[used], sessions[used], chance_r[used], chance_win_rate[used]
    n = len(r)
    if n == 0:
        return Verdict(None, 0, True, None, None, None, None, None)
    spread = sqrt(float((chance_deviation[used] ** 2).mean()))
    difference = mean_interval(r - chance_r, sessions, seed=seed, least_error=spread / sqrt(n))
    return Verdict(
        word={1: ABOVE, 0: SAME, -1: BELOW}[0 if difference is None else difference.sign],
        n=n,
        too_few=n < FEW,
        expectancy=float(r.mean()),
        chance_expectancy=float(chance_r.mean()),
        win_rate=float((r > 0).mean()),
        chance_win_rate=float(chance_win_rate.mean()),
        difference=difference,
    )
