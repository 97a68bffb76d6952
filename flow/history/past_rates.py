"""Rates of past trades, which the consumer measures for live ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.sessions import DAY_MS, opening_ms
from quant.thresholds import TRADE_RULES
from quant.trades.conditions import IS_CANCEL, flags
from quant.trades.trade_rate import trade_rates

PERIOD_MS = TRADE_RULES["default"].rate_period_ms


def past_rates(
    contract: NDArray[np.int64], timestamp_ms: NDArray[np.int64], conditions: NDArray[np.int64]
) -> Floats:
    """Return the trades per ms before each trade, shape (n,), as the consumer would have measured them.

    The trades are all those of their contracts, in the order in which they were reported, and also those of the minute
    before the first one whose rate is used. `contract` is a number per contract, `conditions` (n,) or (n, k) are ids.
    """
    if not len(contract):
        return np.empty(0)
    counted = flags(conditions) & IS_CANCEL == 0
    days, member = np.unique(timestamp_ms // DAY_MS, return_inverse=True)
    opened = np.array([opening_ms(day * DAY_MS) for day in days.tolist()])[member]
    # The silence before the open says nothing about the rate after it.
    minute_before = timestamp_ms - PERIOD_MS
    observed_from_ms = np.where(timestamp_ms >= opened, np.maximum(opened, minute_before), minute_before)
    return trade_rates(contract, timestamp_ms, np.arange(len(contract)), counted, PERIOD_MS, observed_from_ms)
