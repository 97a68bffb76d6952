"""One chain at one instant as columns.

The synthetic market and a recorded quote table both end as this table, so that both speak the same protocol.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats


@dataclass(frozen=True)
class ChainTable:
    """Columns of equal length in the order of `ticker`. NaN means the provider gives no such number; times
    are nanoseconds since the epoch. A row whose `day_volume` is NaN has an empty day, one whose `trade_price`
    is NaN no last trade."""

    symbol: str
    provider_ticker: str
    style: str
    spot: float
    spot_ns: int
    ticker: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    bid: Floats
    ask: Floats
    bid_size: NDArray[np.int64]
    ask_size: NDArray[np.int64]
    quote_ns: NDArray[np.int64]
    volatility: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    open_interest: Floats
    day_open: Floats
    day_high: Floats
    day_low: Floats
    day_close: Floats
    day_volume: Floats
    day_previous: Floats
    day_ns: NDArray[np.int64]
    trade_price: Floats
    trade_size: Floats
    trade_ns: NDArray[np.int64]
    trade_condition: NDArray[np.int64]
    trade_exchange: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ticker)

    def find(self, ticker: str) -> int | None:
        """Row of a contract, or None."""
        row = int(np.searchsorted(self.ticker, ticker))
        return row if row < len(self.ticker) and self.ticker[row] == ticker else None
