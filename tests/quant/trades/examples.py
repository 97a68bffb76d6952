"""Batches of trades for tests: one dict per trade overrides the defaults of a trade at the mid of a valid quote."""

from __future__ import annotations

import numpy as np

from quant.trades.trade_values import Trades

START = 1_763_994_600_000  # 24 November 2025, 09:30 New York

DEFAULTS = {
    "contract": 1,
    "is_call": True,
    "timestamp": START,
    "sequence_number": 0,
    "exchange": 302,
    "conditions": 209,
    "price": 1.05,
    "size": 1.0,
    "bid": 1.00,
    "ask": 1.10,
    "bid_size": 10.0,
    "ask_size": 10.0,
    "quote_age_ms": 5.0,
    "average_size": 20.0,
    "large_size": np.nan,
    "day_volume": np.nan,
    "open_interest": np.nan,
    "multiplier": 100.0,
    "trade_rate": np.nan,
}


def make_trades(*rows: dict[str, object]) -> Trades:
    """Return one trade per row; sequence numbers count up unless given."""
    full = [DEFAULTS | {"sequence_number": index} | row for index, row in enumerate(rows)]
    return Trades(**{name: np.array([row[name] for row in full]) for name in DEFAULTS})
