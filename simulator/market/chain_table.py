"""One chain at one instant as columns.

The synthetic market and a recorded quote table both produce this table, so the endpoints serve both in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.market.keyed_random import Floats


@dataclass(frozen=True)
class ChainTable:
    """Columns of equal length, ordered by `ticker`.

    NaN means that the provider omits the number. Times are epoch nanoseconds. A row with NaN `day_volume` has an empty
    day; a row with NaN `trade_price` has no last trade.
    """

    symbol: str
    provider_ticker: str
    style: str
    spot: float
    spot_ns: int
    ticker: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    shares: Floats
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
        """Return the row of a contract, or None."""
        row = int(np.searchsorted(self.ticker, ticker))
        return row if row < len(self.ticker) and self.ticker[row] == ticker else None
