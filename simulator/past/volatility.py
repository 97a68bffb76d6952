"""Volatility of past sessions at the close: at the money for 30 and 60 days, and the index of 30 days."""

from __future__ import annotations

import datetime as dt

import numpy as np

from simulator.market.market import SyntheticMarket
from simulator.market.price_paths import BASE_VARIANCE, weekday_number
from simulator.market.surface import atm_total_variance, volatility_index
from simulator.universe.instruments import INSTRUMENTS

_DAYS, _LONG_DAYS, _DAYS_PER_YEAR = 30.0, 60.0, 365.0


def volatility_days(market: SyntheticMarket, symbol: str, dates: list[dt.date]) -> dict[str, list[float]]:
    """Return the volatilities of a symbol with options at the closes of sessions, fractions per year, and spot."""
    instrument = INSTRUMENTS[symbol]
    rows = np.array([weekday_number(date) for date in dates], dtype=np.intp)
    short = instrument.volatility**2 * BASE_VARIANCE * np.exp(market.paths.variance_closes()[1][rows])
    at_the_money = {
        name: np.sqrt(atm_total_variance(short, days / _DAYS_PER_YEAR) / (days / _DAYS_PER_YEAR))
        for name, days in (("iv_30", _DAYS), ("iv_60", _LONG_DAYS))
    }
    columns = at_the_money | {
        "variance_index": volatility_index(instrument.skew, short, _DAYS) / 100.0,
        "spot": np.round(market.paths.weekday_closes(symbol)[rows], 2),
    }
    return {name: column.tolist() for name, column in columns.items()}
