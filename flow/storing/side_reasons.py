"""Reasons why a stored trade has no side, derived from the quote and conditions in its row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flow.storing.exchanges import condition_table
from quant.thresholds import TRADE_RULES
from quant.trades.conditions import flags
from quant.trades.side import SIDES, classify_side
from quant.trades.trade_values import Trades
from warehouse.models import OptionsFlow


def reasons(rows: Sequence[OptionsFlow]) -> list[str]:
    """Return for each trade the reason why it has no side, for example "stale quote". Useful where `side` is null.

    Each trade is classified alone: one at the middle of the quote is "mid", whatever its neighbours would decide.
    """
    if not rows:
        return []
    trades = _unrelated_trades(rows)
    side = classify_side(trades, flags(trades.conditions), TRADE_RULES["default"])
    return [SIDES[code].split("_", 1)[1].replace("_", " ").lower() for code in side.tolist()]


def _unrelated_trades(rows: Sequence[OptionsFlow]) -> Trades:
    """Return the rows as trades of different contracts, so that none is a neighbour of another."""
    conditions = condition_table([row.conditions or [] for row in rows])
    order = np.arange(len(rows))

    def numbers(name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        values = (getattr(row, name) for row in rows)
        return np.array([np.nan if value is None else float(value) for value in values])

    return Trades.of(
        contract=order,
        is_call=np.array([row.option_type == "call" for row in rows]),
        timestamp=np.array([row.timestamp for row in rows]),
        sequence_number=order,
        exchange=order,
        conditions=conditions,
        price=numbers("price"),
        size=numbers("size"),
        bid=numbers("bid"),
        ask=numbers("ask"),
        quote_age_ms=numbers("quote_age_ms"),
    )
