"""Forwards from option quotes by put-call parity, so that neither dividends nor rates need be known.

At one settlement instant every strike quoted on both sides says call - put = discount * (forward - strike).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class ForwardCurve(NamedTuple):
    """Forward and dividend yield per contract, and a table with one row per settlement instant."""

    forward: Floats  # per contract; NaN where the expiration gave none
    rate: Floats  # per contract, the rate the forward was found with
    dividend_yield: Floats  # per contract: forward = spot * exp((rate - dividend_yield) * years)
    years: Floats  # per expiration, ascending
    forwards: Floats  # per expiration
    rates: Floats  # per expiration
    strikes_used: npt.NDArray[np.int64]  # per expiration


def implied_forward(
    is_call: npt.ArrayLike,
    strike: npt.ArrayLike,
    bid: npt.ArrayLike,
    ask: npt.ArrayLike,
    years: npt.ArrayLike,
    spot: float,
    rate: float = 0.0,
) -> ForwardCurve:
    """Forward of every expiration in a chain of one underlying; contracts of equal ``years`` settle
    together."""
    calls, strikes, bids, asks, times = np.broadcast_arrays(
        np.asarray(is_call, dtype=np.bool_),
        *(np.asarray(value, dtype=np.float64) for value in (strike, bid, ask, years)),
    )
    table, member = np.unique(times, return_inverse=True)
    forwards = np.full(table.shape, np.nan)
    used = np.zeros(table.shape, dtype=np.int64)
    with np.errstate(all="ignore"):
        mids = 0.5 * (bids + asks)
        quoted = (bids > 0.0) & (asks >= bids) & np.isfinite(asks)
        for row, time in enumerate(table):
            here = quoted & (member == row)
            if not time > 0.0:
                continue
            call_at, put_at = here & calls, here & ~calls
            common, call_row, put_row = np.intersect1d(strikes[call_at], strikes[put_at], return_indices=True)
            if common.size == 0:
                continue
            gap = (mids[call_at][call_row] - mids[put_at][put_row]) * np.exp(rate * time)
            nearest = np.argsort(np.abs(gap))[:9]
            forwards[row] = np.median(common[nearest] + gap[nearest])
            used[row] = nearest.size
        forward = forwards[member]
        dividend = rate - np.log(forward / spot) / times
    rates = np.full(table.shape, rate)
    return ForwardCurve(forward, rates[member], dividend, table, forwards, rates, used)
