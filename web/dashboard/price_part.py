"""The newest known price of each underlying, and its change since the session before."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from quant import sessions
from quant.sessions import MINUTE_MS
from warehouse import clock
from warehouse.asof import bars, flow
from warehouse.models.enums import Timeframe
from web.dashboard.flow_part import FlowPart
from web.dashboard.gamma_part import GammaPart
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
    chains: Mapping[str, GammaPart | None],
    flows: Mapping[str, FlowPart],
    close_of: Callable[[str, dt.date, int], float | None],
) -> dict[str, PricePart]:
    """Return the newest price of each symbol known at the market's time; symbols without one are left out.

    `chains` and `flows` are the parts of the symbols, which name the slot and the last trade. `close_of` is
    `web.previous_close.close_before`, or a cache of it.
    """
    until_ms = min(market.now_ms, market.closes_ms)
    recent = bars.read_many(symbols, Timeframe.MINUTE, until_ms - _RECENT_MS, until_ms, ["close"])
    of_bars = {
        symbols[place]: (start_ms + MINUTE_MS, close)
        for place, start_ms, close in zip(
            recent.place.tolist(), recent.start_ms.tolist(), recent.numbers["close"].tolist(), strict=True
        )
    }
    found = {
        symbol: _newest(symbol, of_bars.get(symbol), chains.get(symbol), flows.get(symbol))
        for symbol in symbols
    }
    return {
        symbol: _with_change(*newest, close_of(symbol, _session(newest[0]), market.opens_ms))
        for symbol, newest in found.items()
        if newest is not None
    }


def _newest(
    symbol: str, bar: tuple[int, float] | None, chain: GammaPart | None, flows: FlowPart | None
) -> tuple[int, float, str] | None:
    choices = []
    if bar is not None:
        choices.append((*bar, "minute bar"))
    if chain is not None and chain.spot is not None:
        choices.append((chain.slot_ms, chain.spot, "chain"))
    if flows is not None and flows.last_trade_ms is not None:
        trades = flow.trades(symbol, flows.last_trade_ms, flows.last_trade_ms)
        for price, age_ms in zip(
            trades.underlying_price.tolist(), trades.underlying_age_ms.tolist(), strict=True
        ):
            if not math.isnan(price):
                at_ms = flows.last_trade_ms - (0 if math.isnan(age_ms) else int(age_ms))
                choices.append((at_ms, price, "trade"))
    return max(choices, default=None)


def _with_change(at_ms: int, price: float, source: str, previous: float | None) -> PricePart:
    change = None if previous is None else price - previous
    fraction = None if change is None or not previous else change / previous
    return PricePart(price, at_ms, source, previous, change, fraction)


def _session(at_ms: int) -> dt.date:
    return sessions.new_york_date(clock.instant(at_ms))
