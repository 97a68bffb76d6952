"""The close with which the price of a session is compared, on every page."""

from __future__ import annotations

import datetime as dt

from ingestion.bars.bar_times import close_ms, midnight_ms
from quant import sessions
from warehouse.asof import adjusted_bars, gamma
from warehouse.models.enums import Timeframe


def close_before(symbol: str, session: dt.date, at_ms: int) -> float | None:
    """Return the close of the session before `session`, per share of `at_ms` (epoch ms), or None.

    It is that of the daily bar, else the price of the chain at the close.
    """
    before = sessions.previous_session(session)
    start_ms = midnight_ms(before)
    daily = adjusted_bars.read(symbol, Timeframe.DAY, start_ms, start_ms, at_ms)
    if len(daily):
        return float(daily.close[-1])
    closed_ms = close_ms(before)
    slot = gamma.spot(symbol, closed_ms)
    return slot.price if slot is not None and slot.timestamp == closed_ms else None
