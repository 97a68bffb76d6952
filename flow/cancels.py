"""Cancels to the prints they take back.

A cancel repeats contract, price, size and exchange of its print and refers to it in no other way. The pass
looks at all stored rows of one contract and day and assigns anew, so the result depends on the rows alone: in
whatever order they came, and however often it runs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from django.db import connection, transaction

from warehouse.models import OptionsFlow

DAY_MS = 86_400_000
# The opening or only print is the first of its kind; any other cancel takes the newest that is left.
_TAKES_THE_FIRST = frozenset({"CNCO", "CNOL"})


class ContractDay(NamedTuple):
    """The rows of one matching pass: a contract on a day of UTC, which holds a whole trading session."""

    symbol: str
    contract_ticker: str
    day_ms: int  # its start, epoch ms


class _Row(NamedTuple):
    timestamp: int
    sequence_number: int
    key: tuple[Any, ...]  # price, size, exchange
    is_cancel: bool
    conditions: tuple[str, ...]
    canceled_by: int | None


def touched_by(columns: Mapping[str, Any]) -> tuple[ContractDay, ...]:
    """Which passes the rows just stored call for: cancels among them, or prints that a stored cancel waits for.

    `columns` are those of the insert. Call it after their commit: of two writers that store a print and its
    cancel at the same time, the later one then sees both.
    """
    first, last = int(columns["timestamp"].min()), int(columns["timestamp"].max())
    days = (first - first % DAY_MS, last - last % DAY_MS + DAY_MS)
    symbols = np.unique(columns["symbol"]).tolist()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT symbol, contract_ticker, timestamp FROM options_flow_history"
            " WHERE is_cancel AND symbol = ANY(%s) AND timestamp >= %s AND timestamp < %s",
            [symbols, *days],
        )
        cancels = {ContractDay(symbol, ticker, at - at % DAY_MS) for symbol, ticker, at in cursor.fetchall()}
    if not cancels:
        return ()
    stored = zip(
        columns["symbol"].tolist(),
        columns["contract_ticker"].astype(np.str_).tolist(),
        (columns["timestamp"] - columns["timestamp"] % DAY_MS).tolist(),
        strict=True,
    )
    return tuple(sorted(cancels & {ContractDay(*row) for row in stored}))


def match(day: ContractDay) -> int:
    """Fills `canceled_by` of a contract's prints on a day; returns how many rows changed."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(hashtextextended('cancels:' || %s || ':' || %s, 0))",
                [day.contract_ticker, str(day.day_ms)],
            )
        rows = _rows(day)
        wanted = _assign(rows)
        changed = [row for row in rows if not row.is_cancel and wanted.get(row) != row.canceled_by]
        for row in changed:
            OptionsFlow.objects.filter(
                symbol=day.symbol,
                timestamp=row.timestamp,
                contract_ticker=day.contract_ticker,
                sequence_number=row.sequence_number,
            ).update(canceled_by=wanted.get(row))
    return len(changed)


def days_with_cancels(from_ms: int, to_ms: int) -> list[ContractDay]:
    """Every contract and day with a cancel stamped in [from_ms, to_ms)."""
    found = OptionsFlow.objects.filter(is_cancel=True, timestamp__gte=from_ms, timestamp__lt=to_ms)
    rows = found.values_list("symbol", "contract_ticker", "timestamp")
    return sorted({ContractDay(symbol, ticker, at - at % DAY_MS) for symbol, ticker, at in rows})


def _rows(day: ContractDay) -> list[_Row]:
    found = OptionsFlow.objects.filter(
        symbol=day.symbol,
        contract_ticker=day.contract_ticker,
        timestamp__gte=day.day_ms,
        timestamp__lt=day.day_ms + DAY_MS,
    ).order_by("timestamp", "sequence_number")
    return [
        _Row(at, sequence, (price, size, exchange), is_cancel, tuple(conditions or ()), canceled_by)
        for at, sequence, price, size, exchange, is_cancel, conditions, canceled_by in found.values_list(
            "timestamp",
            "sequence_number",
            "price",
            "size",
            "exchange",
            "is_cancel",
            "conditions",
            "canceled_by",
        )
    ]


def _assign(rows: list[_Row]) -> dict[_Row, int]:
    """The cancel's sequence number for each print taken back; rows come by time and sequence number."""
    standing: dict[tuple[Any, ...], list[_Row]] = defaultdict(list)
    taken: dict[_Row, int] = {}
    for row in rows:
        prints = standing[row.key]
        if not row.is_cancel:
            prints.append(row)
        elif prints:
            first = bool(_TAKES_THE_FIRST.intersection(row.conditions))
            taken[prints.pop(0 if first else -1)] = row.sequence_number
    return taken
