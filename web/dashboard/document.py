"""The data document of the dashboard: one frozen record, from which the page and later the HTTP API are served."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from quant import sessions
from quant.sessions import DAY_MS, MINUTE_MS
from warehouse import asof, clock, heartbeats, queries
from warehouse.asof import bars, gamma
from warehouse.heartbeats import HeartbeatRow
from warehouse.models import WatchlistEntry
from web.dashboard import (
    flow_part,
    gamma_part,
    market_state,
    operations,
    price_part,
    regime_part,
    signals_part,
    volatility_part,
)
from web.dashboard.data_health import DataHealth, bar_states, health_of, stream_of
from web.dashboard.flow_part import FlowPart
from web.dashboard.gamma_part import GammaPart
from web.dashboard.market_state import MarketState
from web.dashboard.operations import Operations
from web.dashboard.price_part import PricePart
from web.dashboard.regime_part import RegimePart
from web.dashboard.signals_part import SignalsPart
from web.dashboard.slot_cache import SlotCache
from web.dashboard.volatility_part import VolatilityPart
from web.previous_close import close_before

_LOOK_BACK_MS = 10 * DAY_MS  # of the newest chain


@dataclass(frozen=True, slots=True)
class SymbolPanel:
    """One watched symbol. A part is None where nothing of it is stored; the other parts stay."""

    symbol: str
    kind: str
    health: DataHealth
    price: PricePart | None
    gamma: GammaPart | None
    volatility: VolatilityPart | None
    flow: FlowPart | None
    signals: SignalsPart | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All values of the front page at `market.now_ms`."""

    market: MarketState
    regime: RegimePart | None
    panels: tuple[SymbolPanel, ...]
    operations: Operations

    def as_json(self) -> dict[str, Any]:
        """Return the document as JSON values; units are in the docstrings of the parts."""
        return asdict(self)


class Caches(NamedTuple):
    """What a process keeps between two documents."""

    gamma: SlotCache[GammaPart | None]
    volatility: SlotCache[VolatilityPart | None]
    closes: SlotCache[float | None]


def caches() -> Caches:
    """Return empty caches."""
    return Caches(SlotCache(gamma_part.read), SlotCache(volatility_part.read), SlotCache(close_before))


class _OfAll(NamedTuple):
    """What is read for all symbols at once, by symbol where it is of one."""

    market: MarketState
    rows: list[HeartbeatRow]
    chains: dict[str, GammaPart | None]
    prices: dict[str, PricePart]
    flows: dict[str, FlowPart]
    newest_bars: dict[str, dict[str, int]]
    signals: dict[str, SignalsPart]


def read(now_ms: int, health: dict[str, Any], kept: Caches) -> Dashboard:
    """Return the dashboard as known at `now_ms`, epoch ms. `health` is the document of `/api/health`.

    Parts that change with slots only are taken from `kept` for up to a minute. Must not be called inside a transaction.
    """
    entries = queries.watched_chains()
    symbols = [str(entry.symbol) for entry in entries]
    market = market_state.read({str(one.symbol): one.active_since_ms for one in entries}, now_ms)
    rows = heartbeats.read(now_ms)
    before = sessions.previous_session(dt.date.fromisoformat(market.session))
    with asof.at(now_ms):
        regime = regime_part.read(now_ms)
        slots = gamma.newest_slots(symbols, now_ms - _LOOK_BACK_MS, now_ms)
        chains = {symbol: kept.gamma(symbol, slot_ms) for symbol, slot_ms in slots.items()}
        flows = flow_part.read(symbols, market)
        prices = price_part.read(symbols, market, chains, flows, kept.closes)
        newest = bars.newest(symbols, clock.epoch_ms(sessions.open_of(before)), now_ms)
        signals = signals_part.read(symbols, market, prices)
        of_all = _OfAll(market, rows, chains, prices, flows, newest, signals)
        panels = tuple(_panel(entry, of_all, kept) for entry in entries)
    return Dashboard(market, regime, panels, operations.read(market, rows, health, len(entries)))


def _panel(entry: WatchlistEntry, of_all: _OfAll, kept: Caches) -> SymbolPanel:
    symbol, market = str(entry.symbol), of_all.market
    chain = of_all.chains.get(symbol)
    chain_ms, spot = (chain.slot_ms, chain.spot) if chain else (None, None)
    minute_ms = market.now_ms // MINUTE_MS * MINUTE_MS  # one key per minute
    volatility = kept.volatility(symbol, chain_ms, spot, minute_ms)
    stream = stream_of(symbol, of_all.rows, market)
    states = bar_states(of_all.newest_bars.get(symbol, {}), market)
    return SymbolPanel(
        symbol=symbol,
        kind=str(entry.kind),
        health=health_of(chain_ms, volatility is None, stream, states, market),
        price=of_all.prices.get(symbol),
        gamma=chain,
        volatility=volatility,
        flow=of_all.flows.get(symbol) if entry.ingest_flow else None,
        signals=of_all.signals.get(symbol),
    )
