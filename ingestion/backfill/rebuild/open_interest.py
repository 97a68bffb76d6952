"""Open interest of a rebuilt chain, as a live snapshot of its session recorded it."""

from __future__ import annotations

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from quant.chain import Floats

_RECORDED = (
    "SELECT contract_ticker, open_interest FROM historical_greeks"
    ' WHERE symbol = %s AND "timestamp" = %s AND contract_ticker = ANY(%s) AND open_interest IS NOT NULL'
)


def recorded_open_interest(symbol: str, at_ms: int | None, tickers: NDArray[np.str_]) -> Floats:
    """Return the open interest that the snapshot at `at_ms` recorded, in contracts, shape (n,).

    NaN where the snapshot has none; all NaN if `at_ms` is None. Open interest is that of the end of the previous
    session and does not change during the day, so any snapshot of the session will do.
    """
    if at_ms is None:
        return np.full(len(tickers), np.nan)
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED, [symbol, at_ms, tickers.tolist()])
        recorded = dict(cursor.fetchall())
    return np.array([recorded.get(ticker, np.nan) for ticker in tickers.tolist()], dtype=np.float64)
