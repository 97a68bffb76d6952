"""The close with which the price of a session is compared, on every page."""

from __future__ import annotations

import datetime as dt

from quant import sessions
from warehouse import clock
from warehouse.asof import adjusted_bars, gamma
from warehouse.models.enums import Timeframe


def close_before(symbol: str, session: dt.date, at_ms: int) -> float | None:
    """Return the close of the session before `session`, per share of `at_ms` (epoch ms), or None.

    It is that of the daily bar, else the price of the chain at the close.
    """
    before = sessions.previous_session(session)
    midnight_ms = clock.epoch_ms(dt.datetime.combine(before, dt.time(tzinfo=sessions.NEW_YORK)))
    daily = adjusted_bars.read(symbol, Timeframe.DAY, midnight_ms, midnight_ms, at_ms)
    if len(daily):
        return float(daily.close[-1])
    close_ms = clock.epoch_ms(sessions.close_of(before))
    slot = gamma.spot(symbol, close_ms)
    return slot.price if slot is not None and slot.timestamp == close_ms else None
