"""A small warehouse for the tests of the dashboard: Tuesday 18 November 2025, 12:10 New York."""

from __future__ import annotations

import datetime as dt
from typing import Any

from quant.sessions import NEW_YORK
from tests.warehouse.rows import add_bar, add_gamma, add_iv, add_regime, add_trade
from warehouse import clock
from warehouse.models import FlowSlot, GammaSlot, Heartbeat, IngestionRun, WatchlistEntry
from web.dashboard.market_state import MarketState

MINUTE = 60_000


def at(text: str, day: str = "2025-11-18") -> int:
    """Return the epoch ms of a time of day, New York, such as 12:10."""
    return clock.epoch_ms(dt.datetime.fromisoformat(f"{day} {text}").replace(tzinfo=NEW_YORK))


NOON = at("12:00")
NOW = at("12:10")


def watch(symbol: str = "SPX", since_ms: int = 1, **columns: Any) -> WatchlistEntry:
    defaults = {"provider_symbol": symbol, "roots": [symbol], "kind": "index", "active_since_ms": since_ms}
    return WatchlistEntry.objects.create(symbol=symbol, **{**defaults, **columns})


def add_run(slot: int, symbol: str = "SPX", status: str = "DONE", **columns: Any) -> IngestionRun:
    defaults: dict[str, Any] = {"task": "ingest_chain", "started_at": slot + 1000}
    return IngestionRun.objects.create(symbol=symbol, slot=slot, status=status, **{**defaults, **columns})


def add_gamma_slot(timestamp: int, symbol: str = "SPX", **columns: Any) -> GammaSlot:
    defaults = {"oi_source": "provider", "method_version": "test", "known_at": timestamp}
    return GammaSlot.objects.create(symbol=symbol, timestamp=timestamp, **{**defaults, **columns})


def add_flow_slot(timestamp: int, premium: float, symbol: str = "SPX") -> FlowSlot:
    counts = (
        "trades",
        "contracts",
        "call_contracts",
        "put_contracts",
        "sweeps",
        "bullish_sweeps",
        "bearish_sweeps",
    )
    premiums = ("call_premium", "put_premium", "bullish_premium", "bearish_premium")
    zeros = dict.fromkeys((*counts, *premiums, "blocks", "unusual"), 0)
    return FlowSlot.objects.create(
        symbol=symbol,
        timestamp=timestamp,
        premium=premium,
        method_version="test",
        known_at=timestamp,
        **zeros,
    )


def add_consumer(now_ms: int, **metadata: Any) -> Heartbeat:
    described = {
        "symbols": ["SPX"],
        "subscribed": True,
        "last_trade_ms": now_ms - 1000,
        "lag_ms": 12,
        **metadata,
    }
    return Heartbeat.objects.create(
        id="flow_listener", last_scan=now_ms, status="healthy", metadata=described
    )


def market(**changes: Any) -> MarketState:
    """Return the state of an open market at NOW without slots."""
    defaults: dict[str, Any] = {
        "word": "OPEN",
        "is_simulated": False,
        "now_ms": NOW,
        "session": "2025-11-18",
        "opens_ms": at("09:30"),
        "closes_ms": at("16:00"),
        "next_open_ms": None,
        "next_slot_ms": at("12:15"),
        "cadence_ms": 15 * MINUTE,
        "slots": (),
        "due": 0,
        "complete": 0,
        "stale_since_ms": None,
    }
    return MarketState(**{**defaults, **changes})


def store_symbol(symbol: str) -> None:
    """Store the chain of noon, flow, bars and volatility of a symbol."""
    watch(symbol, since_ms=at("11:50"))
    add_run(NOON, symbol, rows=19_920, duration_ms=31_600)
    walls = {"gamma_wall_resistance": 4510, "gamma_wall_support": 4500, "gamma_flip": 4480}
    add_gamma_slot(NOON, symbol, underlying_price=4505.1, total_gamma=36.7e9, gross_gamma=392e9, **walls)
    add_gamma(NOON, symbol, underlying_price=4505.1, known_at=NOON)
    add_iv("2025-11-17", symbol, current_iv=0.105, iv_rank=0.07, known_at=NOON)
    add_flow_slot(NOON, 100, symbol)
    add_trade(at("12:09"), symbol=symbol, known_at=at("12:09"), side="buy", underlying_price=4506)
    for timeframe, start in {"1m": "12:05", "5m": "12:00", "15m": "11:45", "1h": "10:30"}.items():
        add_bar(at(start), symbol=symbol, timeframe=timeframe, known_at=at("12:06"), close=4504)


def store_session(*symbols: str) -> None:
    """Store the session until noon of these symbols, the regime of the day before and a consumer."""
    add_regime("2025-11-17", market_regime="RANGE_BOUND", known_at=NOON, missing_inputs=["new_highs"])
    add_consumer(NOW, symbols=list(symbols))
    for symbol in symbols:
        store_symbol(symbol)
