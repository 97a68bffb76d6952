"""Signals of a session of SPY with its bars, for the browser tests of their pages."""

from __future__ import annotations

import datetime as dt
import math

from quant import sessions
from quant.sessions import MINUTE_MS
from tests.signals.setup_rows import add_signal, add_step
from tests.warehouse.rows import add_bar
from warehouse import clock, watchlist
from warehouse.models import Signal

SESSION = dt.date(2026, 11, 24)
OPEN_MS = clock.epoch_ms(sessions.open_of(SESSION))
BAR_END = OPEN_MS + 105 * MINUTE_MS  # 11:15
NOW = sessions.open_of(SESSION) + dt.timedelta(minutes=150)  # 12:00


def price(minute: int) -> float:
    """Return the price at a minute of the session: a rise with waves."""
    return 449.0 + 2.2 * minute / 150 + 0.5 * math.sin(minute / 9)


def store_signals() -> dict[str, Signal]:
    """Store bars until noon and signals: one that is ready, one to watch, one that was stopped, and blocked ones."""
    watchlist.add_default_symbols(["SPY", "SPX"])
    for timeframe, length in (("1m", 1), ("5m", 5), ("15m", 15)):
        for first in range(0, 150, length):
            values = [price(minute) for minute in range(first, first + length + 1)]
            start = OPEN_MS + first * MINUTE_MS
            add_bar(
                start, timeframe=timeframe, open=values[0], close=values[-1], high=max(values) + 0.04,
                low=min(values) - 0.04, volume=1000, known_at=start + (length * 60 + 10) * 1000,
            )  # fmt: skip
    ready = add_signal(bar_end=BAR_END, reference_price=450.6)
    add_step(ready, "ENTERED", MINUTE_MS, price=450.65, details={"entry_drag": 0.05})
    add_step(ready, "CONTEXT", 16 * MINUTE_MS, reason="gamma of slot 11:30: wall above unchanged")
    watch = add_signal(symbol="SPX", detector="iv_crush", family="volatility", bar_end=BAR_END + 15 * MINUTE_MS,
                       direction="SHORT", final_score=64.0, stop=None, targets=[], prediction=-21.3,
                       outcome_kind="iv_change")  # fmt: skip
    stopped = add_signal(bar_end=BAR_END - 30 * MINUTE_MS, detector="mean_reversion_short", direction="SHORT",
                         family="reversion", reference_price=450.2, stop=451.0, targets=[449.0, 448.6, 447.8],
                         final_score=66.4)  # fmt: skip
    add_step(stopped, "ENTERED", MINUTE_MS, price=450.18)
    add_step(stopped, "STOPPED", 30 * MINUTE_MS, price=451.0, reason="stop",
             details={"r": -1.03, "mfe": 0.2, "mae": -1.0, "ambiguous": True})  # fmt: skip
    blocked = add_signal(bar_end=BAR_END, detector="index_mean_reversion_short", direction="SHORT",
                         family="reversion", disposition="BLOCKED", blocked_by=["regime STRONG_UPTREND"])  # fmt: skip
    return {"ready": ready, "watch": watch, "stopped": stopped, "blocked": blocked}
