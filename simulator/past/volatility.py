"""Volatility of past sessions at the close: at the money, by delta on constant maturities, and the index of 30 days."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from scipy.special import ndtri

from quant.sessions import close_of
from simulator.market.keyed_random import Floats
from simulator.market.market import SyntheticMarket
from simulator.market.price_paths import BASE_VARIANCE, weekday_number
from simulator.market.surface import atm_total_variance, total_variance, variance_swap, volatility_index
from simulator.universe.instruments import INSTRUMENTS
from simulator.universe.option_rules import Skew

# Columns and rows of a surface: calendar days, and deltas of the forward, N(d1), of calls.
TENOR_DAYS = (7, 14, 30, 60, 91, 182, 365)
CALL_DELTAS = (0.90, 0.75, 0.50, 0.25, 0.10)
_STEPS = 60
_DAYS, _LONG_DAYS, _DAYS_PER_YEAR = 30, 60, 365.0
_DAY_SECONDS = 86_400


def volatility_days(market: SyntheticMarket, symbol: str, dates: list[dt.date]) -> dict[str, list[Any]]:
    """Return the volatilities of a symbol with options at the closes of sessions, fractions per year, and spot.

    `at_the_money` has an element for each of `TENOR_DAYS`, and `surface` one for each of these and each of
    `CALL_DELTAS`.
    """
    instrument = INSTRUMENTS[symbol]
    rows = np.array([weekday_number(date) for date in dates], dtype=np.intp)
    short = instrument.volatility**2 * BASE_VARIANCE * np.exp(market.paths.variance_closes()[1][rows])
    gain = np.array([market.moves.closing_gain(symbol, date) for date in dates])
    closes = np.array([close_of(date).timestamp() for date in dates])
    theta = {days: _theta(market, symbol, short, closes, days) for days in {*TENOR_DAYS, _DAYS, _LONG_DAYS}}
    by_tenor = np.stack([theta[days] for days in TENOR_DAYS], axis=1)
    index = volatility_index(instrument.skew, short, _DAYS) / 100.0
    if market.paths.has_earnings:
        index = np.sqrt(variance_swap(instrument.skew, theta[_DAYS]) / (_DAYS / _DAYS_PER_YEAR))
    columns = {
        "iv_30": np.sqrt(theta[_DAYS] / (_DAYS / _DAYS_PER_YEAR)),
        "iv_60": np.sqrt(theta[_LONG_DAYS] / (_LONG_DAYS / _DAYS_PER_YEAR)),
        "variance_index": index,
        "at_the_money": np.sqrt(by_tenor / _years()),
        "surface": _surface(instrument.skew, by_tenor),
        "spot": np.round(market.paths.closes(symbol, rows, gain), 2),
    }
    return {name: column.tolist() for name, column in columns.items()}


def _years() -> Floats:
    return np.array(TENOR_DAYS) / _DAYS_PER_YEAR


def _theta(market: SyntheticMarket, symbol: str, short: Floats, closes: Floats, days: float) -> Floats:
    """Return the total variance at the money of a number of days at the closes of sessions, shape (n,)."""
    until = closes + days * _DAY_SECONDS
    plain = atm_total_variance(short, days / _DAYS_PER_YEAR)
    return np.asarray(plain + market.event_variance(symbol, closes, until))


def _surface(skew: Skew, theta: Floats) -> Floats:
    """Return the volatility by session, tenor and delta, shape (n, t, d).

    The log-moneyness of a delta is k = σ (σ / 2 - d1), where σ² is the total variance at k itself: a fixed point, to
    which half a step is made each time.
    """
    wanted = ndtri(np.array(CALL_DELTAS))
    slices = theta[..., None]
    k = np.zeros((*theta.shape, len(CALL_DELTAS)))
    for _ in range(_STEPS):
        deviation = np.sqrt(total_variance(skew, k, slices))
        k = 0.5 * (k + deviation * (0.5 * deviation - wanted))
    return np.asarray(np.sqrt(total_variance(skew, k, slices) / _years()[:, None]))
