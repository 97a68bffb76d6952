"""Zero rates of the simulated market: one curve for all symbols, which changes slowly from session to session.

The shape is that of C. Nelson and A. Siegel, Parsimonious Modeling of Yield Curves, Journal of Business 60 (1987),
without its hump: about 5.3 % at one month and 4 % at three years.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import ArrayLike

from simulator.market.keyed_random import Floats

_LONG, _SLOPE, _YEARS = 0.0336, 0.0202, 1.0
# Level and slope swing with these amplitudes and periods in days.
_LEVEL_SWING, _LEVEL_PERIOD = 0.0025, 521.0
_SLOPE_SWING, _SLOPE_PERIOD = 0.0020, 307.0


def zero_rate(date: dt.date, years: ArrayLike) -> Floats:
    """Return continuous zero rates per year for maturities in years (> 0), as known in the session of a date."""
    x = np.asarray(years, dtype=np.float64) / _YEARS
    day = float(date.toordinal())
    level = _LONG + _LEVEL_SWING * np.sin(2 * np.pi * day / _LEVEL_PERIOD)
    slope = _SLOPE + _SLOPE_SWING * np.sin(2 * np.pi * day / _SLOPE_PERIOD)
    return np.asarray(level + slope * -np.expm1(-x) / x)
