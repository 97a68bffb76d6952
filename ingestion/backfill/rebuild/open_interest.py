"""Open interest of a rebuilt chain, as an earlier snapshot of its session recorded it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ingestion.bars.bar_times import open_ms
from ingestion.chains.slots import Slot
from quant.chain import Floats
from quant.sessions import new_york_date
from warehouse.asof import chain


def recorded_open_interest(symbol: str, slot: Slot, tickers: NDArray[np.str_]) -> Floats:
    """Return the open interest that a snapshot of the session up to the slot recorded, in contracts, shape (n,).

    NaN for contracts of which it recorded none.
    """
    recorded = chain.open_interest(symbol, open_ms(new_york_date(slot.at)), slot.at_ms)
    by_ticker = dict(zip(recorded.contract_ticker.tolist(), recorded.open_interest.tolist(), strict=True))
    return np.array([by_ticker.get(ticker, np.nan) for ticker in tickers.tolist()], dtype=np.float64)
