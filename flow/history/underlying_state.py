"""State of an underlying at the time of past trades: its price over time, and the mean size of its trades."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from flow.stream import average_size
from quant.chain import Floats
from quant.sessions import DAY_MS, MINUTE_MS
from warehouse.models.enums import Timeframe

# Bars short enough for their close to count as a current price, with their lengths in minutes.
_LENGTHS = {Timeframe.MINUTE: 1, Timeframe.FIVE_MINUTES: 5, Timeframe.QUARTER_HOUR: 15}

_PRICES = """
SELECT b."timestamp" + l.length AS at_ms, b.close::double precision
FROM unnest(%(frames)s::text[], %(lengths)s::bigint[]) AS l (timeframe, length)
JOIN historical_bars b ON b.symbol = %(symbol)s AND b.timeframe = l.timeframe
    AND b."timestamp" BETWEEN %(first)s AND %(last)s
UNION ALL
SELECT g."timestamp", g.underlying_price::double precision FROM gamma_exposure_snapshots g
WHERE g.symbol = %(symbol)s AND g."timestamp" BETWEEN %(first)s AND %(last)s AND g.underlying_price IS NOT NULL
ORDER BY 1
"""


class UnderlyingState(NamedTuple):
    """Prices and mean trade size of an underlying.

    `spot` (m,) holds prices as of `spot_at_ms` (m,), ascending. `average_size` is in contracts, NaN if unknown.
    """

    average_size: float
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
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT average_size, underlying_price::double precision, timestamp - underlying_age_ms"
            " FROM options_flow_history WHERE symbol = %s AND timestamp BETWEEN %s AND %s"
            " ORDER BY timestamp DESC LIMIT 1",
            [symbol, at_ms - DAY_MS, at_ms],
        )
        average, spot, spot_at = cursor.fetchone() or (None, None, None)
    prices = [] if spot is None or spot_at is None else [(float(spot_at), float(spot))]
    return _state(np.nan if average is None else float(average), prices)


def of_session(symbol: str, session: dt.date, first_ms: int, last_ms: int) -> UnderlyingState:
    """Return the state of a session with times in [first_ms, last_ms], without look-ahead.

    The prices come from its bars and snapshots, the mean size from the sessions before.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _PRICES,
            {
                "symbol": symbol,
                "frames": [frame.value for frame in _LENGTHS],
                "lengths": [minutes * MINUTE_MS for minutes in _LENGTHS.values()],
                "first": first_ms,
                "last": last_ms,
            },
        )
        prices = cursor.fetchall()
    return _state(average_size.mean_before(symbol, session), prices)


def _state(average: float, prices: list[tuple[float, float]]) -> UnderlyingState:
    at_ms, spot = np.array(prices, dtype=np.float64).reshape(-1, 2).T
    return UnderlyingState(average, at_ms, spot)
