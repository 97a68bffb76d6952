"""The newest known price of each underlying, and its change since the session before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse import clock
from warehouse.asof import bars, flow, gamma
from warehouse.models.enums import Timeframe
from web.dashboard.market_state import MarketState

_RECENT_MS = 10 * MINUTE_MS


@dataclass(frozen=True, slots=True)
class PricePart:
    """Price in dollars or index points at `at_ms` (epoch ms), from a trade's message, a minute bar or the chain.

    `change` is points since `previous`, the close of the session before, and `change_fraction` a fraction of it; None
    where that close is not stored.
    """

    price: float
    at_ms: int
    source: str
    previous: float | None
    change: float | None
    change_fraction: float | None


def read(
    symbols: Sequence[str],
    market: MarketState,
    close_of: Callable[[str, dt.date, int], float | None],
) -> dict[str, PricePart]:
    """Return the newest price of each symbol known at the market's time; symbols without one are left out.

    `close_of` is `web.previous_close.close_before`, or a cache of it.
    """
    until_ms = min(market.now_ms, market.closes_ms)
    recent = bars.read_many(symbols, Timeframe.MINUTE, until_ms - _RECENT_MS, until_ms, ["close"])
    of_bars = {
        symbols[place]: (start_ms + MINUTE_MS, close)
        for place, start_ms, close in zip(
            recent.place.tolist(), recent.start_ms.tolist(), recent.numbers["close"].tolist(), strict=True
        )
    }
    found = {symbol: _newest(symbol, of_bars.get(symbol), until_ms) for symbol in symbols}
    return {
        symbol: _with_change(*newest, close_of(symbol, _session(newest[0]), market.opens_ms))
        for symbol, newest in found.items()
        if newest is not None
    }


def _newest(symbol: str, bar: tuple[int, float] | None, until_ms: int) -> tuple[int, float, str] | None:
    choices = []
    if bar is not None:
        choices.append((*bar, "minute bar"))
    slot = gamma.spot(symbol, until_ms)
    if slot is not None:
        choices.append((slot.timestamp, slot.price, "chain"))
    trade = flow.newest_trade(symbol, until_ms - _RECENT_MS, until_ms)
    if len(trade) and not math.isnan(trade.underlying_price[0]):
        age_ms = 0 if math.isnan(trade.underlying_age_ms[0]) else int(trade.underlying_age_ms[0])
        choices.append((int(trade.timestamp[0]) - age_ms, float(trade.underlying_price[0]), "trade"))
    return max(choices, default=None)


def _with_change(at_ms: int, price: float, source: str, previous: float | None) -> PricePart:
    change = None if previous is None else price - previous
    fraction = None if change is None or not previous else change / previous
    return PricePart(price, at_ms, source, previous, change, fraction)


def _session(at_ms: int) -> dt.date:
    return sessions.new_york_date(clock.instant(at_ms))
