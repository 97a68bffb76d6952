"""Fall of volatility after an event, compared with the one that the event's variance explains."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from quant.thresholds import CRUSH_DROP_PCT
from quant.volatility.event_variance import without_events

# 0.4 / 0.5 gives -19.999999999999996 % in floating point, which must count as 20 %.
_DIGITS = 9
CRUSHED, NOT_CRUSHED = "crushed", "not_crushed"


class IvCrush(NamedTuple):
    """Volatilities of one expiration after the event, fractions; the change is in per cent of that before.

    `expected` is the volatility before without the variance of the event, NaN where that is unknown or larger than the
    whole. `word` is `crushed` for a fall of at least `CRUSH_DROP_PCT`, else `not_crushed`.
    """

    before: float
    after: float
    change_pct: float
    expected: float
    word: str


def iv_crush(before: float, after: float, years_before: float, event_variance: float = np.nan) -> IvCrush:
    """Compare the volatility of an expiration before and after an event; `years_before` is its time before it.

    `event_variance` is that of the move of the event, a fraction squared. Raises ValueError for a volatility that is
    not a positive number.
    """
    if not (before > 0 and after > 0 and np.isfinite(before + after)):
        raise ValueError(f"both volatilities must be positive numbers: {before}, {after}")
    change = round((after / before - 1.0) * 100.0, _DIGITS)
    expected = np.nan
    if np.isfinite(event_variance):
        expected = float(without_events([before], [years_before], [1], event_variance)[0])
    return IvCrush(before, after, change, expected, CRUSHED if change <= -CRUSH_DROP_PCT else NOT_CRUSHED)
