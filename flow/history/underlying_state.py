"""State of an underlying at the time of past trades: its price over time, and the mean size of its trades."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flow.stream import trade_sizes
from quant.chain import Floats
from quant.sessions import DAY_MS, MINUTE_MS
from warehouse.asof import bars, flow, gamma
from warehouse.models.enums import Timeframe

# Bars short enough for their close to count as a current price, with their lengths in minutes. Of prices of one time,
# the last one read counts: that of the shortest bar.
_LENGTHS = {Timeframe.QUARTER_HOUR: 15, Timeframe.FIVE_MINUTES: 5, Timeframe.MINUTE: 1}


class UnderlyingState(NamedTuple):
    """Prices and mean trade size of an underlying.

    `spot` (m,) holds prices as of `spot_at_ms` (m,), ascending. `average_size` and `large_size`, the 95th percentile of
    sizes, are in contracts, NaN if unknown.
    """

    average_size: float
    large_size: float
    spot_at_ms: Floats
    spot: Floats

    def price_at(self, times_ms: NDArray[np.int64]) -> tuple[Floats, Floats]:
        """Return the last price at each time and its age in ms, both (n,), NaN before the first price."""
        place = np.searchsorted(
            self.spot_at_ms, times_ms, side="right"
        )  # 0 means no earlier price: the NaN put in front
        return (
            np.append(np.nan, self.spot)[place],
            times_ms - np.append(np.nan, self.spot_at_ms)[place],
        )


def before(symbol: str, at_ms: int) -> UnderlyingState:
    """Return the state stored with the last trade of the 24 hours until `at_ms`."""
    trade = flow.newest_trade(symbol, at_ms - DAY_MS, at_ms)
    average, large = (
        (float(trade.average_size[0]), float(trade.large_size[0])) if len(trade) else (np.nan, np.nan)
    )
    known = np.isfinite(trade.underlying_price) & np.isfinite(trade.underlying_age_ms)
    spot_at_ms = trade.timestamp[known] - trade.underlying_age_ms[known]
    return UnderlyingState(average, large, spot_at_ms, trade.underlying_price[known])


def of_session(symbol: str, session: dt.date, first_ms: int, last_ms: int) -> UnderlyingState:
    """Return the state of a session with times in [first_ms, last_ms], without look-ahead.

    The prices come from its bars and snapshots, the mean size from the sessions before.
    """
    snapshots = gamma.spots(symbol, first_ms, last_ms)
    at_ms, price = [snapshots.timestamp], [snapshots.price]
    for frame, minutes in _LENGTHS.items():
        found = bars.read(symbol, frame, first_ms, last_ms)
        at_ms.append(found.start_ms + minutes * MINUTE_MS)
        price.append(found.close)
    times = np.concatenate(at_ms).astype(np.float64)
    order = np.argsort(times, kind="stable")
    average, large = (float(values[0]) for values in trade_sizes.yardsticks_before(symbol, session))
    return UnderlyingState(average, large, times[order], np.concatenate(price)[order])
