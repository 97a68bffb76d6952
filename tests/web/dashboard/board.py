"""A small warehouse for the tests of the dashboard: Tuesday 18 November 2025, 12:10 New York."""

from __future__ import annotations

import datetime as dt
from typing import Any

from quant.sessions import NEW_YORK
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
