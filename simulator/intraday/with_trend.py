"""Which planted breakouts are against the trend of the weeks and of the months before them.

A scanner that looks at longer timeframes blocks these, so a session to be shown to a person should have another one.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from quant.sessions import previous_session
from simulator.intraday.moves import Moves
from simulator.intraday.setups import INDICES
from simulator.market.keyed_random import Floats
from simulator.market.price_paths import weekday_number

_FAST, _SLOW = 9, 21  # closes of the two exponential means whose order is the trend
_DAYS, _WEEKS = 200, 120  # from which the means are computed
_WEEK = 5  # weekdays
_SESSIONS = 20  # that are looked at


def last_session_with_trend(moves: Moves, last: dt.date) -> dt.date:
    """Return the last session up to `last` with a planted breakout of an index that is not against the trend.

    Returns `last` itself if none of twenty sessions has one, for example because nothing is planted.
    """
    date = last
    for _ in range(_SESSIONS):
        if any(_is_shown(moves, symbol, date) for symbol in INDICES):
            return date
        date = previous_session(date)
    return last


def _is_shown(moves: Moves, symbol: str, date: dt.date) -> bool:
    setup = moves.setup(symbol, date)
    if setup is None:
        return False
    log = moves.paths.daily_levels(symbol)[1][: weekday_number(date)]
    weekly = log[::-1][::_WEEK][::-1]
    trends = (_trend(log[-_DAYS:]), _trend(weekly[-_WEEKS:]))
    return trends != (-setup.side, -setup.side)


def _trend(closes: Floats) -> int:
    """Return 1 where the faster exponential mean of closes is above the slower one, -1 where it is below, else 0."""
    return int(np.sign(_mean(closes, _FAST) - _mean(closes, _SLOW)))


def _mean(closes: Floats, span: int) -> float:
    weights = (1 - 2 / (span + 1)) ** np.arange(len(closes))[::-1]
    return float(np.average(closes, weights=weights))
