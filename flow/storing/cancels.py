"""Matching of cancels to the trades they cancel.

A cancel repeats the contract, price, size and exchange of its trade and has no other reference to it. The pass reads
all stored rows of one contract and day that has a cancel and assigns them anew (`flow.storing.cancel_assignment`). So
the result depends only on the rows, not on the order of their arrival or the number of passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from django.conf import settings
from django.db import connection

from flow.storing.cancel_assignment import ROLE_OF_NAME, FlowRow, assign
from quant.sessions import DAY_MS
from warehouse.loading.known_at import store_in_time
from warehouse.models import OptionsFlow

LOOK_BACK_MS = 10_000  # of the pass after each batch: most cancels follow their trade closely, see `match`

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('cancels:' || %(symbol)s || ':' || %(day)s::text, 0))"
# A day may have several 100,000 rows of contracts with cancels, so only conditions that matter are read.
_ROWS = """
SELECT contract_ticker, timestamp, sequence_number, price::double precision, size, exchange, is_cancel,
    CASE WHEN conditions && %(conditions)s THEN conditions END, canceled_by, id, first_report, last_report
FROM options_flow_history
WHERE symbol = %(symbol)s AND timestamp >= %(since)s AND timestamp < %(end)s AND contract_ticker = ANY(%(tickers)s)
"""
_WITH_CANCELS = """
SELECT DISTINCT contract_ticker FROM options_flow_history
WHERE is_cancel AND symbol = %(symbol)s AND timestamp >= %(since)s AND timestamp < %(end)s
    AND contract_ticker = ANY(%(tickers)s)
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


def days_to_match(columns: Mapping[str, Any]) -> tuple[ContractDay, ...]:
    """Return the contracts and days that need a pass after rows were stored.

    These have new cancels, new trades that a stored cancel may take, or new trades before a stored cancel, which change
    what were the first and last reports. `columns` are those of the insert. Must be called after its commit: when two
    writers store a trade and its cancel at the same time, the one that commits later sees both.
    """
    canceling = np.asarray(columns["is_cancel"])
    days = _days(columns, np.flatnonzero(canceling))
    first, last = int(columns["timestamp"].min()), int(columns["timestamp"].max())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT contract_ticker, price::double precision, size, coalesce(exchange, ''), timestamp,"
            " sequence_number FROM options_flow_history"
            " WHERE is_cancel AND symbol = ANY(%s) AND timestamp >= %s AND timestamp < %s",
            [np.unique(columns["symbol"]).tolist(), first, last - last % DAY_MS + DAY_MS],
        )
        stored = cursor.fetchall()
    cancels = {tuple(row[:4]) for row in stored}
    if not cancels:
        return ()
    newest: dict[str, tuple[int, int]] = {}  # time and number of the newest cancel
    for ticker, *_, at, number in stored:
        newest[ticker] = max((at, number), newest.get(ticker, (at, number)))
    tickers = np.array(sorted(ticker.encode() for ticker in newest))
    rows = np.flatnonzero(np.isin(columns["contract_ticker"], tickers) & ~canceling)
    trades = zip(
        columns["contract_ticker"][rows].astype(np.str_).tolist(),
        *(
            columns[name][rows].tolist()
            for name in ("price", "size", "exchange", "timestamp", "sequence_number")
        ),
        strict=True,
    )
    matches = [
        row
        for row, trade in zip(rows.tolist(), trades, strict=True)
        if trade[:4] in cancels or trade[4:] < newest[trade[0]]
    ]
    return tuple(sorted(days | _days(columns, matches)))


def match(days: Iterable[ContractDay], since_ms: int = 0) -> int:
    """Set `canceled_by` and `canceled_at` of the trades of contracts and days; return the number of rows changed.

    With `since_ms` (epoch ms) only newer rows are read, and what a pass over the whole day would change of them is
    changed, except in contracts where that depends on older rows: those with a cancel of an opening trade, and those
    in which the trade to cancel may be the first report.
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
        "conditions": list(ROLE_OF_NAME),
    }
    values["since"] = max(since_ms, day_ms)
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        cursor.execute(_WITH_CANCELS, values)
        values["tickers"] = [ticker for (ticker,) in cursor.fetchall()]
        if not values["tickers"]:
            return 0
        cursor.execute(_ROWS, values)
        rows: dict[str, list[FlowRow]] = defaultdict(list)
        for found in cursor.fetchall():
            rows[found[0]].append(FlowRow._make(found))
        changed: dict[int, int | None] = {}  # the cancel's sequence number by id of the trade
        for of_contract in rows.values():
            changed |= _changes(of_contract, is_whole_day=since_ms <= day_ms)
        if changed:
            cursor.execute(_SET_CANCELED_BY, values | {"ids": list(changed), "by": list(changed.values())})
    return len(changed)


def _changes(rows: list[FlowRow], *, is_whole_day: bool) -> dict[int, int | None]:
    """Return the new `canceled_by` by id of the trades of one contract in which it changes."""
    wanted = assign(rows, settings.FLOW_MINIMUM_CONTRACTS, is_whole_day=is_whole_day)
    if wanted is None:
        return {}
    return {
        row.id: wanted.get(row.id)
        for row in rows
        if not row.is_cancel and wanted.get(row.id) != row.canceled_by
    }


def days_with_cancels(from_ms: int, to_ms: int) -> list[ContractDay]:
    """Return every contract and day with a cancel in [from_ms, to_ms)."""
    cancels = OptionsFlow.objects.filter(is_cancel=True, timestamp__gte=from_ms, timestamp__lt=to_ms)
    rows = cancels.values_list("symbol", "contract_ticker", "timestamp")
    return sorted({ContractDay(symbol, ticker, at - at % DAY_MS) for symbol, ticker, at in rows})


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
