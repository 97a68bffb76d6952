"""The stored bars of a simulated market, up to the evening of a session."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ingestion.bars.historical_bars import ensure_bars
from tests.simulator.servers import SEED, offset_ms, simulator
from warehouse import clock
from warehouse.watchlist import add_default_symbols

EVENING = dt.datetime(2026, 3, 12, 21, 0, tzinfo=dt.UTC)  # after the close
LAST = dt.date(2026, 3, 12)
SYMBOLS = ("SPY", "QQQ", "IWM")


def store_bars(settings: Any, options: tuple[str, ...], history: dt.date, first: dt.date) -> None:
    """Store the bars of 15 minutes from `history` on and the minutes from `first` on, of a simulator with options."""
    add_default_symbols(SYMBOLS)
    with simulator("--seed", str(SEED), "--clock-offset-ms", str(offset_ms(EVENING)), *options) as server:
        settings.MASSIVE_BASE_URL = server.base_url
        for symbol in SYMBOLS:
            for frame, since in (("15m", history), ("1m", first)):
                ensure_bars(symbol, frame, since, LAST, clock.now_ms(), is_history=True)
