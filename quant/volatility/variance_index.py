"""Model-free expected variance from a strip of option quotes: the method of Cboe's VIX.

Source: Cboe, "VIX White Paper" (the index mathematics methodology): forward from the strike where call and
put differ least, out-of-the-money mids weighted by strike spacing over strike squared, and a strip that
ends at two zero bids in a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from quant.chain import Bools, Floats

MINUTES_PER_YEAR = 525_600.0
MINUTES_OF_30_DAYS = 43_200.0


class VarianceStrip(NamedTuple):
    """Expected variance of one expiration and its strip; NaN and empty when it cannot be computed."""

    variance: float  # annualised
    forward: float
    at_the_money_strike: float  # K0, the highest strike that is not above the forward
    strike: Floats  # the strikes used, ascending, K0 included; shape (k,)
    mid: Floats  # the quote used at each: put below K0, call above, their mean at K0


@np.errstate(over="ignore", invalid="ignore")
def variance_strip(
    strike: ArrayLike,
    call_bid: ArrayLike,
    call_ask: ArrayLike,
    put_bid: ArrayLike,
    put_ask: ArrayLike,
    years: float,
    rate: float,
) -> VarianceStrip:
    """Return the expected variance of one expiration with its forward and strip.

    The five arrays have shape (n,), in any order of strikes, dollars per share; a NaN or zero bid is no
    bid. `years` is minutes to settlement / 525,600, `rate` is per year, continuously compounded.
    All results are NaN when time is not positive or no strike has both quotes.

    Raises ValueError for arrays of unequal length and for strikes that are repeated or not positive.
    """
    columns = [
        np.asarray(column, dtype=np.float64) for column in (strike, call_bid, call_ask, put_bid, put_ask)
    ]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError(f"the quotes of a strip must be equally long: {[c.shape for c in columns]}")
    order = np.argsort(columns[0])
    strikes, bid_c, ask_c, bid_p, ask_p = (column[order] for column in columns)
    if np.any(np.diff(strikes) <= 0) or not np.all(strikes > 0):
        raise ValueError("the strikes of a strip must be positive and unique")
    call, put = _mid(bid_c, ask_c), _mid(bid_p, ask_p)
    quoted = (bid_c > 0) & (bid_p > 0) & np.isfinite(call - put)
    if not (years > 0 and np.isfinite(years) and np.isfinite(rate) and quoted.any()):
        return VarianceStrip(np.nan, np.nan, np.nan, np.empty(0), np.empty(0))
    at = np.flatnonzero(quoted)[np.argmin(np.abs(call - put)[quoted])]
    growth = np.exp(rate * years)
    forward = strikes[at] + growth * (call[at] - put[at])
    center = int(np.searchsorted(strikes, forward, side="right")) - 1
    if center < 0 or not np.isfinite(call[center] + put[center]):
        return VarianceStrip(np.nan, float(forward), np.nan, np.empty(0), np.empty(0))
    below = np.arange(center)[::-1][_until_two_zero_bids(bid_p[:center][::-1], put[:center][::-1])]
    above = center + 1 + np.flatnonzero(_until_two_zero_bids(bid_c[center + 1 :], call[center + 1 :]))
    used = np.concatenate([below[::-1], [center], above])
    quote = np.where(used < center, put[used], call[used])
    quote[len(below)] = 0.5 * (call[center] + put[center])
    # np.gradient over the index is half the distance of the neighbours, and the whole one at both ends.
    spacing = np.gradient(strikes[used]) if len(used) > 1 else np.zeros(1)
    excess = forward / strikes[center] - 1.0
    variance = 2.0 * growth * np.sum(spacing / strikes[used] ** 2 * quote) - excess * excess
    return VarianceStrip(
        float(variance / years), float(forward), float(strikes[center]), strikes[used], quote
    )


def expiration_variance(
    strike: ArrayLike,
    call_bid: ArrayLike,
    call_ask: ArrayLike,
    put_bid: ArrayLike,
    put_ask: ArrayLike,
    years: float,
    rate: float,
) -> float:
    """Return the annualised expected variance of one expiration; arguments as in `variance_strip`."""
    return variance_strip(strike, call_bid, call_ask, put_bid, put_ask, years, rate).variance


def thirty_day_index(
    variance_near: ArrayLike, minutes_near: ArrayLike, variance_next: ArrayLike, minutes_next: ArrayLike
) -> Floats:
    """Return the 30-day volatility in index points from two expirations; arguments broadcast.

    Total variance is linear in time between (and, as the Cboe does, beyond) the two. NaN where the two
    settle at the same minute or the interpolated variance is negative.
    """
    near, next_ = np.asarray(minutes_near, np.float64), np.asarray(minutes_next, np.float64)
    apart = np.where(next_ == near, np.nan, next_ - near)
    total = near * np.asarray(variance_near) * (next_ - MINUTES_OF_30_DAYS)
    total = (total + next_ * np.asarray(variance_next) * (MINUTES_OF_30_DAYS - near)) / apart
    annual = np.asarray(total / MINUTES_OF_30_DAYS, dtype=np.float64)
    return 100.0 * np.sqrt(np.where(annual >= 0, annual, np.nan))


def _mid(bid: Floats, ask: Floats) -> Floats:
    return 0.5 * (np.where(bid > 0, bid, 0.0) + np.where(np.isfinite(ask), ask, np.nan))


def _until_two_zero_bids(bid: Floats, mid: Floats) -> Bools:
    """Return the strikes with a bid outwards from K0, up to the first two consecutive strikes without one."""
    empty = ~(bid > 0)
    ended = np.zeros(len(bid), dtype=bool)
    ended[1:] = np.logical_or.accumulate(empty[1:] & empty[:-1])
    return ~empty & ~ended & np.isfinite(mid)
