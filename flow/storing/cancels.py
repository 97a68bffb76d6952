"""Matching of cancels to the trades they cancel.

A cancel repeats the contract, price, size and exchange of its trade and has no other reference to it. The pass reads
all stored rows of one contract and day that match a cancel and assigns them anew. So the result depends only on the
rows, not on the order of their arrival or the number of passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from django.db import connection

from quant.sessions import DAY_MS
from warehouse.loading.known_at import store_in_time
from warehouse.models import OptionsFlow

LOOK_BACK_MS = 10_000  # of the pass after each batch: most cancels follow their trade closely, see `match`
# These cancel the opening or only trade, the first match. Other cancels take the newest match left.
_CANCELS_FIRST = frozenset({"CNCO", "CNOL"})

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('cancels:' || %(symbol)s || ':' || %(day)s::text, 0))"
_CANCELS = """
SELECT contract_ticker, "timestamp", sequence_number, price, size, exchange, is_cancel, conditions, canceled_by, id
FROM options_flow_history
WHERE is_cancel AND symbol = %(symbol)s AND "timestamp" >= %(since)s AND "timestamp" < %(end)s
    AND contract_ticker = ANY(%(tickers)s)
"""
# A join with the cancels would be clearer, but is planned as a nested loop over them for every trade.
_SAME_PRICE_AND_SIZE = """
SELECT contract_ticker, "timestamp", sequence_number, price, size, exchange, is_cancel, conditions, canceled_by, id
FROM options_flow_history
WHERE NOT is_cancel AND symbol = %(symbol)s AND "timestamp" >= %(since)s AND "timestamp" < %(end)s
    AND contract_ticker = ANY(%(tickers)s) AND price = ANY(%(prices)s) AND size = ANY(%(sizes)s)
"""
# By id and without a join: on a day without statistics a join reads the whole partition, which takes a fifth of the
# time needed to store the day's trades.
_SET_CANCELED_BY = """
UPDATE options_flow_history SET canceled_by = (%(by)s::bigint[])[array_position(%(ids)s::bigint[], id)],
    canceled_at = CASE WHEN (%(by)s::bigint[])[array_position(%(ids)s::bigint[], id)] IS NOT NULL
                  THEN coalesce(canceled_at, (SELECT warehouse_known_ms())) END
WHERE id = ANY(%(ids)s::bigint[]) AND "timestamp" >= %(day)s AND "timestamp" < %(end)s
"""


class ContractDay(NamedTuple):
    """The rows of one matching pass: a contract on a UTC day, which contains a whole trading session."""

    symbol: str
    contract_ticker: str
    day_ms: int  # start of the day, epoch ms


class _Row(NamedTuple):
    contract_ticker: str
    timestamp: int
    sequence_number: int
    price: Any
    size: int
    exchange: str | None
    is_cancel: bool
    conditions: list[str] | None
    canceled_by: int | None
    id: int

    @property
    def key(self) -> tuple[Any, ...]:
        return self.contract_ticker, self.price, self.size, self.exchange

    @property
    def cancels_first(self) -> bool:
        return bool(_CANCELS_FIRST.intersection(self.conditions or ()))


def days_to_match(columns: Mapping[str, Any]) -> tuple[ContractDay, ...]:
    """Return the contracts and days that need a pass after rows were stored.

    These have new cancels, or new trades that match and precede a stored cancel. `columns` are those of the insert.
    Must be called after its commit: when two writers store a trade and its cancel at the same time, the one that
    commits later sees both.
    """
    canceling = np.asarray(columns["is_cancel"])
    days = _days(columns, np.flatnonzero(canceling))
    first, last = int(columns["timestamp"].min()), int(columns["timestamp"].max())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT contract_ticker, price::double precision, size, coalesce(exchange, '')"
            " FROM options_flow_history"
            " WHERE is_cancel AND symbol = ANY(%s) AND timestamp >= %s AND timestamp < %s",
            [np.unique(columns["symbol"]).tolist(), first, last - last % DAY_MS + DAY_MS],
        )
        cancels = set(cursor.fetchall())
    if not cancels:
        return ()
    tickers = np.array(sorted({ticker.encode() for ticker, *_ in cancels}))
    rows = np.flatnonzero(np.isin(columns["contract_ticker"], tickers) & ~canceling)
    keys = zip(
        columns["contract_ticker"][rows].astype(np.str_).tolist(),
        *(columns[name][rows].tolist() for name in ("price", "size", "exchange")),
        strict=True,
    )
    matches = [row for row, key in zip(rows.tolist(), keys, strict=True) if key in cancels]
    return tuple(sorted(days | _days(columns, matches)))


def match(days: Iterable[ContractDay], since_ms: int = 0) -> int:
    """Set `canceled_by` and `canceled_at` of the trades of contracts and days; return the number of rows changed.

    With `since_ms` (epoch ms) only newer rows are read. The result is the same for these rows, because a cancel takes
    the newest match left. A pass over the whole day is needed for older trades and for cancels of an opening trade.
    """
    tickers: dict[tuple[str, int], set[str]] = defaultdict(set)
    for day in days:
        tickers[day.symbol, day.day_ms].add(day.contract_ticker)
    # In sorted order, so that two workers wait for each other instead of deadlocking.
    return store_in_time(lambda: sum(_match(*day, tickers[day], since_ms) for day in sorted(tickers)))


def _match(symbol: str, day_ms: int, tickers: set[str], since_ms: int) -> int:
    values: dict[str, Any] = {
        "symbol": symbol,
        "day": day_ms,
        "end": day_ms + DAY_MS,
        "tickers": sorted(tickers),
    }
    values["since"] = max(since_ms, day_ms)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        cursor.execute(_CANCELS, values)
        cancels = [_Row(*row) for row in cursor.fetchall()]
        if not cancels:
            return 0
        matches = {"prices": [row.price for row in cancels], "sizes": [row.size for row in cancels]}
        cursor.execute(_SAME_PRICE_AND_SIZE, values | matches)
        trades = [_Row(*row) for row in cursor.fetchall()]
        rows = sorted(trades + cancels, key=lambda row: (row.timestamp, row.sequence_number))
        skipped_keys = {row.key for row in cancels if row.cancels_first and since_ms > day_ms}
        wanted = _assign(rows)
        changed = [
            row for row in trades if wanted.get(row[:3]) != row.canceled_by and row.key not in skipped_keys
        ]
        if changed:
            updates = {"ids": [row.id for row in changed], "by": [wanted.get(row[:3]) for row in changed]}
            cursor.execute(_SET_CANCELED_BY, values | updates)
    return len(changed)


def days_with_cancels(from_ms: int, to_ms: int) -> list[ContractDay]:
    """Return every contract and day with a cancel in [from_ms, to_ms)."""
    cancels = OptionsFlow.objects.filter(is_cancel=True, timestamp__gte=from_ms, timestamp__lt=to_ms)
    rows = cancels.values_list("symbol", "contract_ticker", "timestamp")
    return sorted({ContractDay(symbol, ticker, at - at % DAY_MS) for symbol, ticker, at in rows})


def _assign(rows: list[_Row]) -> dict[tuple[str, int, int], int]:
    """Return the cancel's sequence number by contract, time and sequence number of each cancelled trade.

    `rows` are sorted by time and sequence number.
    """
    candidates: dict[tuple[Any, ...], list[_Row]] = defaultdict(list)
    taken: dict[tuple[str, int, int], int] = {}
    for row in rows:
        trades = candidates[row.key]
        if not row.is_cancel:
            trades.append(row)
        elif trades:
            taken[trades.pop(0 if row.cancels_first else -1)[:3]] = row.sequence_number
    return taken


def _days(columns: Mapping[str, Any], rows: Any) -> set[ContractDay]:
    times = np.asarray(columns["timestamp"])[rows]
    return {
        ContractDay(*row)
        for row in zip(
            columns["symbol"][rows].tolist(),
            columns["contract_ticker"][rows].astype(np.str_).tolist(),
            (times - times % DAY_MS).tolist(),
            strict=True,
        )
    }
