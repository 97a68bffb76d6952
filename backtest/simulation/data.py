"""The stored market that a backtest reads, in parts of a limited length, and what identifies its contents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

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


class Fingerprint:
    """A short name for the contents of views: equal for equal columns, whenever they are read."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=8)

    def add(self, view: MarketView, symbol: str) -> None:
        for one in (view.symbols[symbol], view.regime, view.gaps, view.days):
            self._add(one)

    def add_value(self, value: Any) -> None:
        """Add an array, a record of arrays, a tuple of them, or a plain value."""
        self._add(value)

    def text(self) -> str:
        return self._hash.hexdigest()

    def _add(self, value: Any) -> None:
        if isinstance(value, np.ndarray):
            self._hash.update(np.ascontiguousarray(value).tobytes())
        elif is_dataclass(value):
            for one in fields(value):
                self._add(getattr(value, one.name))
        elif isinstance(value, dict):
            for name in sorted(value):
                self._hash.update(str(name).encode())
                self._add(value[name])
        elif isinstance(value, tuple):
            for one in value:
                self._add(one)
        else:
            self._hash.update(repr(value).encode())
