"""Skewness of the settlement price expected by a strip of option quotes: the method of Cboe's SKEW index.

Source: Cboe, "The Cboe SKEW Index" (2010). The first three moments of the log return are portfolios of the options of
the variance index. Public copies of the paper have misplaced brackets in the second and the third.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.chain import OptionChain
from quant.volatility.chain_variance import TermStrip, strips_around_30_days
from quant.volatility.variance_index import MINUTES_OF_30_DAYS, MINUTES_PER_YEAR, VarianceStrip


class LogMoments(NamedTuple):
    """Expected log return to settlement, its square and its cube; NaN without a strip."""

    first: float
    second: float
    third: float

    @property
    def skewness(self) -> float:
        """Return the third central moment / the second one to the power 3/2; NaN where the second is not positive."""
        p1, p2, p3 = self
        variance = p2 - p1 * p1
        return float((p3 - 3.0 * p1 * p2 + 2.0 * p1**3) / variance**1.5) if variance > 0 else np.nan


def log_moments(strip: VarianceStrip, years: float, rate: float) -> LogMoments:
    """Return the moments of one expiration, `years` and continuous `rate` per year as the strip was made with."""
    if not (strip.variance > 0 and len(strip.strike) > 1):
        return LogMoments(np.nan, np.nan, np.nan)
    strike, forward, center = strip.strike, strip.forward, strip.at_the_money_strike
    # As in the variance: half the distance of the neighbours, and the whole one at both ends.
    price = np.exp(rate * years) * strip.mid * np.gradient(strike) / strike**2
    away = np.log(strike / forward)
    step, excess = np.log(center / forward), forward / center - 1.0
    return LogMoments(
        first=float(-price.sum() + step + excess),
        second=float((2.0 * (1.0 - away) * price).sum() + 2.0 * step * excess + 0.5 * step * step),
        third=float(
            (3.0 * (2.0 * away - away * away) * price).sum() + 3.0 * step * step * (step / 3.0 + excess)
        ),
    )


def skew_index(near: float, minutes_near: float, following: float, minutes_following: float) -> float:
    """Return 100 - 10 × the skewness at 30 days, linear in time between that of two expirations."""
    weight = (minutes_following - MINUTES_OF_30_DAYS) / (minutes_following - minutes_near)
    return 100.0 - 10.0 * (weight * near + (1.0 - weight) * following)


def chain_skew_index(chain: OptionChain) -> float:
    """Return the index of a chain from the strips of its variance index; NaN without one on either side of 30 days."""
    near, following = strips_around_30_days(chain)
    if near is None or following is None:
        return np.nan
    return skew_index(_skewness(near), near.minutes, _skewness(following), following.minutes)


def _skewness(term: TermStrip) -> float:
    return log_moments(term.strip, term.minutes / MINUTES_PER_YEAR, term.rate).skewness
