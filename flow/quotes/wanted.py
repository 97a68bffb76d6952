"""Stored trades whose quote is wanted, and their amendment once it is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from flow.storing.exchanges import condition_table
from flow.storing.repair_update import KEEP_VERSIONS
from quant.chain import Bools
from quant.sessions import MINUTE_MS
from quant.trades.classification import Classification
from quant.trades.side import NONE_INSIDE
from quant.trades.trade_values import Trades
from warehouse.loading.known_at import store_in_time
from warehouse.models.enums import Side
from warehouse.models.flow import TABLE

# A request gets the quotes of all wanted trades of a contract and minute, so the largest sum is the most for a request.
_GROUPS = f"""
SELECT symbol, contract_ticker, min("timestamp"), max("timestamp"),
       sum(coalesce(premium, price * size * 100)) AS total, count(*)
FROM {TABLE}
WHERE quote_source = 'wanted' AND NOT is_cancel AND symbol = ANY(%(symbols)s)
  AND "timestamp" BETWEEN %(first)s AND %(last)s AND received_at <= %(last)s AND canceled_by IS NULL
GROUP BY symbol, contract_ticker, "timestamp" / {MINUTE_MS} ORDER BY total DESC LIMIT %(most)s
"""  # noqa: S608
_TRADES = f"""
SELECT id, "timestamp", sequence_number, price, size, conditions, option_type = 'call', quote_source = 'wanted'
FROM {TABLE}
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s + {MINUTE_MS}
  AND contract_ticker = %(ticker)s
ORDER BY "timestamp", sequence_number
"""  # noqa: S608
# Columns that the quote decides, with their types.
_BY_QUOTE = {
    "bid": "numeric",
    "ask": "numeric",
    "quote_age_ms": "integer",
    "side": "text",
    "sentiment": "text",
    "aggressiveness": "text",
    "is_above_ask": "boolean",
    "is_below_bid": "boolean",
}
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in _BY_QUOTE.items())
# Counted by RETURNING, see `warehouse.loading.bulk`. Only rows that are still wanted are changed, so each one once.
_AMEND = f"""
WITH found AS (
    SELECT * FROM unnest(%(ids)s::bigint[], {_ARRAYS})
        AS f (id, {", ".join(_BY_QUOTE)})
), before AS (
    SELECT t.* FROM {TABLE} t
    WHERE t.id = ANY(%(ids)s::bigint[]) AND t."timestamp" BETWEEN %(first)s AND %(last)s AND t.quote_source = 'wanted'
    FOR UPDATE
), {KEEP_VERSIONS}, amended AS (
    UPDATE {TABLE} t SET ({", ".join(_BY_QUOTE)}, quote_source, amended_at)
        = ROW ({", ".join(f"f.{name}" for name in _BY_QUOTE)}, 'rest', warehouse_known_ms())
    FROM before b JOIN found f ON f.id = b.id
    WHERE t.id = b.id AND t.symbol = b.symbol AND t."timestamp" = b."timestamp"
    RETURNING 1
)
SELECT count(*) FROM amended
"""  # noqa: S608
# Nothing that was known changes, so no earlier version is kept.
_ABSENT = f"""
UPDATE {TABLE} SET quote_source = 'absent'
WHERE id = ANY(%(ids)s::bigint[]) AND "timestamp" BETWEEN %(first)s AND %(last)s AND quote_source = 'wanted'
"""  # noqa: S608


class Wanted(NamedTuple):
    """Trades of one contract and minute that want quotes, between two exchange times, epoch ms, both included."""

    symbol: str
    contract_ticker: str
    first_ms: int
    last_ms: int
    premium: Decimal  # dollars together; with 100 shares per contract where the multiplier is unknown
    trades: int


class WantedTrades(NamedTuple):
    """All trades of a `Wanted`'s contract to a minute after it, in order of time and sequence number.

    Trades that are not `wanted` only show the direction of the price. `ids` are those of the rows; both (n,).
    """

    ids: NDArray[np.int64]
    wanted: Bools
    trades: Trades


def largest(symbols: Sequence[str], first_ms: int, last_ms: int, most: int) -> list[Wanted]:
    """Return the contracts and minutes with wanted quotes, of the largest premium first, at most `most`."""
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {
            "symbols": list(symbols),
            "first": first_ms,
            "last": last_ms,
            "most": most,
        }
        cursor.execute(_GROUPS, parameters)
        return [Wanted(*row) for row in cursor.fetchall()]


def trades_of(wanted: Wanted) -> WantedTrades:
    """Return the trades of a group, without quotes."""
    with connection.cursor() as cursor:
        cursor.execute(
            _TRADES,
            {
                "symbol": wanted.symbol,
                "ticker": wanted.contract_ticker,
                "first": wanted.first_ms,
                "last": wanted.last_ms,
            },
        )
        rows = cursor.fetchall()
    ids, times, numbers, prices, sizes, conditions, calls, wants = (
        zip(*rows, strict=True) if rows else ((),) * 8
    )
    trades = Trades.of(
        contract=np.zeros(len(rows), dtype=np.int64),
        timestamp=np.array(times, dtype=np.int64),
        sequence_number=np.array(numbers, dtype=np.int64),
        price=np.array(prices, dtype=np.float64),
        size=np.array(sizes, dtype=np.float64),
        conditions=condition_table([names or [] for names in conditions]),
        is_call=np.array(calls, dtype=bool),
    )
    return WantedTrades(np.array(ids, dtype=np.int64), np.array(wants, dtype=bool), trades)


def amend(wanted: Wanted, found: WantedTrades, quotes: Trades, classes: Classification) -> int:
    """Store the fresh quotes of the wanted trades and their sides, and note which have none; once per trade.

    `quotes` are the trades with their quotes, `classes` their classification. Earlier versions are kept. Returns the
    number of trades with a quote. Must not run inside a transaction.
    """
    ids = found.ids
    bounds: dict[str, Any] = {"first": wanted.first_ms, "last": wanted.last_ms}
    usable = classes.side_code <= NONE_INSIDE
    rows, absent = np.flatnonzero(found.wanted & usable), found.wanted & ~usable
    direction = classes.direction[rows]
    values: dict[str, list[Any]] = {
        "ids": ids[rows].tolist(),
        "bid": quotes.bid[rows].tolist(),
        "ask": quotes.ask[rows].tolist(),
        "quote_age_ms": quotes.quote_age_ms[rows].astype(np.int64).tolist(),
        "side": [{1: Side.BUY.value, -1: Side.SELL.value}.get(sign) for sign in direction.tolist()],
        "sentiment": classes.sentiment[rows].tolist(),
        "aggressiveness": classes.aggressiveness[rows].tolist(),
        "is_above_ask": classes.is_above_ask[rows].tolist(),
        "is_below_bid": classes.is_below_bid[rows].tolist(),
    }

    def store() -> int:
        with connection.cursor() as cursor:
            cursor.execute(_ABSENT, bounds | {"ids": ids[absent].tolist()})
            cursor.execute(_AMEND, bounds | values)
            return int(cursor.fetchone()[0])

    return store_in_time(store)
