"""Model-free expected variance from a strip of option quotes: the method of Cboe's VIX.

Source: Cboe, "VIX White Paper" (the index mathematics methodology): forward from the strike where call and
put differ least, out-of-the-money mids weighted by strike spacing over strike squared, and a strip that
ends at two zero bids in a row.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from quant.chain import Bools, Floats
from quant.pricing import implied_vol

MINUTES_PER_YEAR = 525_600.0
MINUTES_OF_30_DAYS = 43_200.0


class Cut(Enum):
    """Why a strip ends: two strikes in a row without a bid, or no further strike in the list."""

    TWO_ZERO_BIDS = "two_zero_bids"
    END_OF_LIST = "end_of_list"


class VarianceStrip(NamedTuple):
    """Expected variance of one expiration and its strip; NaN, empty and None when it cannot be computed.

    The missing tails are what the options beyond the ends of the strip would add to `variance` at the volatility of the
    last strike used (see `tail_variance`); NaN where that has none. The smile is usually higher further out, so they
    are rather too small.
    """

    variance: float  # annualised
    forward: float
    at_the_money_strike: float  # K0, the highest strike that is not above the forward
    strike: Floats  # the strikes used, ascending, K0 included; shape (k,)
    mid: Floats  # the quote used at each: put below K0, call above, their mean at K0
    low_cut: Cut | None = None
    high_cut: Cut | None = None
    low_tail: float = np.nan  # annualised
    high_tail: float = np.nan


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
    is_used, low_cut = _until_two_zero_bids(bid_p[:center][::-1], put[:center][::-1])
    below = np.arange(center)[::-1][is_used]
    is_used, high_cut = _until_two_zero_bids(bid_c[center + 1 :], call[center + 1 :])
    above = center + 1 + np.flatnonzero(is_used)
    used = np.concatenate([below[::-1], [center], above])
    quote = np.where(used < center, put[used], call[used])
    quote[len(below)] = 0.5 * (call[center] + put[center])
    # np.gradient over the index is half the distance of the neighbours, and the whole one at both ends.
    spacing = np.gradient(strikes[used]) if len(used) > 1 else np.zeros(1)
    excess = forward / strikes[center] - 1.0
    variance = 2.0 * growth * np.sum(spacing / strikes[used] ** 2 * quote) - excess * excess
    terms = (float(forward), years, rate)
    low_tail = _tail(False, strikes[used][0], put[used[0]], spacing[0], *terms)
    high_tail = _tail(True, strikes[used][-1], call[used[-1]], spacing[-1], *terms)
    return VarianceStrip(
        variance=float(variance / years),
        forward=float(forward),
        at_the_money_strike=float(strikes[center]),
        strike=strikes[used],
        mid=quote,
        low_cut=low_cut,
        high_cut=high_cut,
        low_tail=low_tail,
        high_tail=high_tail,
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


def _until_two_zero_bids(bid: Floats, mid: Floats) -> tuple[Bools, Cut]:
    """Return the strikes with a bid outwards from K0, up to the first two in a row without one, and why they end."""
    empty = ~(bid > 0)
    ended = np.zeros(len(bid), dtype=bool)
    ended[1:] = np.logical_or.accumulate(empty[1:] & empty[:-1])
    return ~empty & ~ended & np.isfinite(mid), Cut.TWO_ZERO_BIDS if ended.any() else Cut.END_OF_LIST


def _tail(
    is_call: bool, strike: float, mid: float, spacing: float, forward: float, years: float, rate: float
) -> float:
    """Return the missing tail beyond the last strike of a strip, which itself counts for half a spacing further."""
    volatility = implied_vol.solve(is_call, mid, forward, strike, years, rate, rate).volatility
    edge = strike + (0.5 if is_call else -0.5) * spacing
    return tail_variance(is_call, edge, forward, years, float(volatility)) if edge > 0 else 0.0


@np.errstate(divide="ignore", invalid="ignore")
def tail_variance(is_call: bool, strike: float, forward: float, years: float, volatility: float) -> float:
    """Return what the calls above `strike`, or the puts below it, add to the annualised variance at one volatility.

    The integral of 2 / (K^2 years) times the undiscounted option value is the expectation of 2 (S / K - 1 - log(S / K))
    over settlement prices S beyond the strike, which are lognormal: E[S] = forward N(d1), E[1] = N(d2), E[log S] =
    (log forward - deviation^2 / 2) N(d2) + deviation n(d2), with the signs of d1 and d2 reversed for puts.
    """
    deviation = volatility * np.sqrt(years)
    sign = 1.0 if is_call else -1.0
    d2 = np.log(forward / strike) / deviation - 0.5 * deviation
    inside, share = ndtr(sign * d2), ndtr(sign * (d2 + deviation))
    density = np.exp(-0.5 * d2 * d2) / np.sqrt(2.0 * np.pi)
    log_ratio = deviation * d2 * inside + sign * deviation * density
    return float(2.0 / years * (forward / strike * share - inside - log_ratio))
