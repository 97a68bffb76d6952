"""The stored market that a backtest reads, in parts of a limited length."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from quant.sessions import HOUR_MS
from signals import market_view
from signals.features.record import BarLength
from signals.market_view import MarketView
from signals.scan.paths import DAILY_BARS
from warehouse.market_days import MarketDays

SESSIONS_AT_ONCE = 63  # of 15-minute bars; a part reads the 128 sessions before it too


def parts(
    symbol: str, days: list[dt.date], market: MarketDays, timeframe: BarLength, until_ms: int | None
) -> Iterator[tuple[MarketView, list[dt.date]]]:
    """Yield views with the sessions that each of them can evaluate, in their order.

    Nothing after `until_ms` is read. A view reaches as far past its sessions as their signals can last.
    """
    size = SESSIONS_AT_ONCE if timeframe == "15m" else len(days)
    for start in range(0, len(days), size):
        part = days[start : start + size]
        last = part[-1]
        if timeframe == "1d":
            for _ in range(DAILY_BARS):
                last = market.following(last)
        last_ms = market.hours_ms(last)[1] + HOUR_MS
        if until_ms is not None:
            last_ms = min(last_ms, until_ms)
        yield market_view.read([symbol], market.hours_ms(part[0])[0], last_ms, timeframe), part
