"""Quarterly earnings of the stocks, announced after the close, and what they add to variance and to the next open."""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.sessions import close_of, next_session
from simulator.universe.dates import weekday_of_month

MONTHS = (1, 4, 7, 10)
# Weekday (0 is Monday) and week of the month.
RULES = {
    "AAPL": (3, 4),
    "TSLA": (2, 3),
    "NVDA": (2, 4),
    "META": (2, 4),
    "GOOGL": (1, 4),
    "AMZN": (3, 4),
    "AMD": (1, 4),
}
NIGHT_FACTOR = 7.5  # by which the stock's own overnight step after an announcement is larger
# Standard deviation of that step in units of the stock's own volatility, and that of the implied one.
_NIGHT, _REALISED_TO_IMPLIED = 0.03, 0.85
_NOTICE_DAYS = 28
_AFTER_CLOSE_SECONDS = 1800
_YEARS = range(2010, 2042)  # those of the paths


class Earnings(NamedTuple):
    """An announcement after the close of `date`, whose date is known from `known_on` on."""

    symbol: str
    date: dt.date
    known_on: dt.date


@cache
def earnings_of(symbol: str) -> tuple[Earnings, ...]:
    """Return all announcements of a symbol, oldest first; none of an index or ETF."""
    if symbol not in RULES:
        return ()
    dates = (weekday_of_month(year, month, *RULES[symbol]) for year in _YEARS for month in MONTHS)
    return tuple(Earnings(symbol, date, date - dt.timedelta(days=_NOTICE_DAYS)) for date in dates)


@cache
def sessions_after(symbol: str) -> tuple[dt.date, ...]:
    """Return the sessions that open with the news."""
    return tuple(next_session(one.date) for one in earnings_of(symbol))


def event_variance(
    symbol: str, own: float, seconds: NDArray[np.float64], until: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the implied total variance of the announcements between two epoch seconds each; arrays broadcast.

    `own` is the standard deviation of the stock's own factor, in that of the market.
    """
    released = _released(symbol)
    count = np.searchsorted(released, until) - np.searchsorted(released, seconds)
    return np.asarray(np.maximum(count, 0) * (own * _NIGHT / _REALISED_TO_IMPLIED) ** 2)


@cache
def _released(symbol: str) -> NDArray[np.float64]:
    return np.array([close_of(one.date).timestamp() + _AFTER_CLOSE_SECONDS for one in earnings_of(symbol)])
