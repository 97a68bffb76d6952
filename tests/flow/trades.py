"""Batches of trades for flow tests: one dict per trade, with the defaults of a plain trade inside its quote."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import numpy as np

from flow.delivery.batch import Source, TradeBatch
from flow.storing.process_trades import ProcessedTrades, process_trades
from warehouse import clock
from warehouse.models import OptionsFlow

NOON = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)  # Wednesday, 12:00 New York
NOON_MS = clock.epoch_ms(NOON)
CALL, PUT = "O:SPXW261218C06500000", "O:SPXW261218P06500000"

PLAIN: dict[str, Any] = {
    "contract_ticker": CALL,
    "timestamp_ms": NOON_MS,
    "sequence_number": 0,
    "price": 1.05,
    "size": 10,
    "exchange": 302,
    "condition": 209,
    "conditions": "",
    "bid": 1.00,
    "ask": 1.10,
    "bid_size": 10.0,
    "ask_size": 10.0,
    "quote_age_ms": 5.0,
    "underlying_price": 6500.25,
    "underlying_age_ms": 12.0,
    "average_size": 20.0,
    "received_at_ms": NOON_MS + 40,
    "trade_rate": 0.9e-5,  # per ms: the window of a cluster is 500 ms long
}


def every_trade() -> list[dict[str, Any]]:
    """Return every stored trade, without its number and the times at which it became known."""
    rows = OptionsFlow.objects.order_by("symbol", "timestamp", "contract_ticker", "sequence_number").values()
    left_out = ("id", "known_at", "canceled_at", "amended_at")
    return [{name: value for name, value in row.items() if name not in left_out} for row in rows]


def make_batch(*rows: dict[str, Any], source: Source = "stream") -> TradeBatch:
    """Return a batch of one trade per row; sequence numbers count up from 1 unless given."""
    full = [PLAIN | {"sequence_number": number} | row for number, row in enumerate(rows, 1)]
    return TradeBatch(**{name: np.array([row[name] for row in full]) for name in PLAIN}, source=source)


def same(one: TradeBatch, other: TradeBatch) -> bool:
    """Return whether two batches are equal, column by column; NaN equals NaN."""
    columns = [field.name for field in fields(TradeBatch)[:-1]]
    return one.source == other.source and all(
        np.array_equal(
            getattr(one, name), getattr(other, name), equal_nan=getattr(one, name).dtype.kind == "f"
        )
        for name in columns
    )


def process(
    batch: TradeBatch, name: str = "", complete_range: tuple[int, int] | None = None
) -> ProcessedTrades:
    """Call `process_trades` at the current time of the market's clock."""
    return process_trades(batch, clock.now_ms(), name, complete_range)
