"""Sums of the trades of several symbols: within one window, and of intervals of 15 minutes.

Each statement reads the key of its table for every symbol. Inside `warehouse.asof.at(t)` a side that was not known at t
is unknown, and cancels that were not known at t are undone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from quant.chain import Floats
from warehouse.column_queries import read_columns, read_grouped

# Per symbol one row of totals, and one row per sweep, whose direction is that of the larger premium. Trades are read
# once, because planning one more scan of the partitions takes longer than the scan. Trades outside sweeps are one
# group, which is left out. Sequence numbers are those of a session.
_WINDOW = """
SELECT symbol, grouping(CASE WHEN is_sweep THEN contract_ticker END) = 1 AS is_total,
       CASE WHEN is_sweep THEN contract_ticker END IS NOT NULL AS is_sweep,
       count(*) AS trades, max("timestamp") AS newest,
       coalesce(sum(premium), 0) AS premium,
       coalesce(sum(premium) FILTER (WHERE sentiment = 'BULLISH'), 0) AS bullish,
       coalesce(sum(premium) FILTER (WHERE sentiment = 'BEARISH'), 0) AS bearish,
       coalesce(sum(premium) FILTER (WHERE side IS NOT NULL), 0) AS sided,
       sum(price * size * CASE sentiment WHEN 'BULLISH' THEN 1 WHEN 'BEARISH' THEN -1 ELSE 0 END) AS signed
FROM trades_as_of
WHERE symbol = ANY(%(symbols)s) AND "timestamp" BETWEEN %(first)s AND %(last)s
  AND NOT is_cancel AND canceled_by IS NULL
GROUP BY GROUPING SETS (
    (symbol),
    (symbol, CASE WHEN is_sweep THEN coalesce(sweep_id, sequence_number) END,
     CASE WHEN is_sweep THEN contract_ticker END, CASE WHEN is_sweep THEN "timestamp" / 86400000 END)
)
"""
_PREMIUMS = """
SELECT symbol, "timestamp", premium FROM flow_slots
WHERE symbol = ANY(%(symbols)s) AND "timestamp" = ANY(%(ends)s)
"""
_SUMS = ("premium", "bullish", "bearish", "sided", "signed")
_WINDOW_KINDS = {
    "is_total": "boolean", "is_sweep": "boolean", "trades": "bigint", "newest": "bigint",
    **dict.fromkeys(_SUMS, "double precision"),
}  # fmt: skip
_KINDS = {"symbol": "text", "timestamp": "bigint", "premium": "double precision"}


class FlowWindow(NamedTuple):
    """Trades of a symbol in a window: numbers of trades and sweeps, premiums in dollars, last trade in epoch ms.

    `sided_premium` is the premium of trades with a known side; the rest of `premium` is neither bullish nor bearish. A
    sweep of several trades counts once, and is bullish or bearish by the larger of its premiums.
    """

    trades: int
    last_ms: int
    premium: float
    bullish_premium: float
    bearish_premium: float
    sided_premium: float
    sweeps: int = 0
    bullish_sweeps: int = 0
    bearish_sweeps: int = 0


def read(symbols: Sequence[str], first_ms: int, last_ms: int) -> dict[str, FlowWindow]:
    """Return the sums of the trades from `first_ms` to `last_ms` (epoch ms), both included, by symbol.

    Symbols without a trade are left out.
    """
    wanted: dict[str, Any] = {"symbols": list(symbols), "first": first_ms, "last": last_ms}
    rows = read_grouped(_WINDOW, wanted, _WINDOW_KINDS, "symbol")
    ends = np.cumsum(rows.rows)
    found: dict[str, FlowWindow] = {}
    for symbol, count, end in zip(rows.key, rows.rows.tolist(), ends.tolist(), strict=True):
        columns = {name: column[end - count : end] for name, column in rows.columns.items()}
        total = int(np.flatnonzero(columns["is_total"])[0])
        signed = columns["signed"][columns["is_sweep"] & ~columns["is_total"]]
        found[symbol] = FlowWindow(
            trades=int(columns["trades"][total]),
            last_ms=int(columns["newest"][total]),
            premium=float(columns["premium"][total]),
            bullish_premium=float(columns["bullish"][total]),
            bearish_premium=float(columns["bearish"][total]),
            sided_premium=float(columns["sided"][total]),
            sweeps=len(signed),
            bullish_sweeps=int(np.count_nonzero(signed > 0)),
            bearish_sweeps=int(np.count_nonzero(signed < 0)),
        )
    return found


def interval_premiums(symbols: Sequence[str], ends_ms: Sequence[int]) -> dict[str, Floats]:
    """Return the premium (dollars) of the intervals that end at `ends_ms` (epoch ms, n of them), shape (n,) by symbol.

    It is NaN where an interval has no row: without a trade, or not collected. Symbols without any row are left out.
    """
    found = read_columns(_PREMIUMS, {"symbols": list(symbols), "ends": list(ends_ms)}, _KINDS)
    place = {end_ms: number for number, end_ms in enumerate(ends_ms)}
    answer: dict[str, Floats] = {}
    rows = zip(found["symbol"].tolist(), found["timestamp"].tolist(), found["premium"].tolist(), strict=True)
    for symbol, end_ms, premium in rows:
        answer.setdefault(symbol, np.full(len(place), np.nan))[place[end_ms]] = premium
    return answer
