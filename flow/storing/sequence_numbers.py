"""Sequence numbers for trades without one, for a whole batch of contracts.

The rule is that of `flow.history.rest_trades`: a trade gets the number of an equal trade in the table. If the table
has fewer of them, the others get negative numbers that are free in their millisecond.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from flow.storing.exchanges import exchange_ids, exchange_names
from flow.storing.store import condition_literals

_STORED = """
SELECT contract_ticker, "timestamp", price::float8, size, coalesce(exchange, ''), coalesce(conditions::text, ''),
       sequence_number
FROM options_flow_history
WHERE symbol = ANY(%s) AND "timestamp" BETWEEN %s AND %s AND contract_ticker = ANY(%s)
ORDER BY "timestamp", sequence_number
"""


def with_sequence_numbers(batch: TradeBatch, symbols: Sequence[str]) -> TradeBatch:
    """Return the batch, whose contracts belong to `symbols`, with sequence numbers.

    The batch must hold all trades of a contract's millisecond, and no other process may store trades without numbers
    of these contracts at the same time.
    """
    if not len(batch):
        return batch
    tickers, code = np.unique(batch.contract_ticker, return_inverse=True)
    exchange = exchange_names(exchange_ids(batch.exchange))
    conditions = condition_literals(batch)
    ordinal = _ordinals(
        code,
        batch.timestamp_ms,
        batch.price,
        batch.size,
        np.unique(exchange, return_inverse=True)[1],
        np.unique(conditions, return_inverse=True)[1],
    )
    number = -_ordinals(code, batch.timestamp_ms)
    known = _stored(batch, symbols, tickers)
    moments: dict[tuple[str, int], int] = {}  # lowest number used in each millisecond of a contract
    for (ticker, at, *_), taken in known.items():
        moments[ticker, at] = min(moments.get((ticker, at), 0), *taken)
    names = tickers.astype(np.str_).tolist()
    places = zip(code.tolist(), batch.timestamp_ms.tolist(), strict=True)
    for row in [row for row, (of, at) in enumerate(places) if (names[of], at) in moments] if known else []:
        equal = known.get(
            (
                names[code[row]],
                int(batch.timestamp_ms[row]),
                float(batch.price[row]),
                int(batch.size[row]),
                str(exchange[row]),
                str(conditions[row]),
            ),
            [],
        )
        if ordinal[row] <= len(equal):
            number[row] = equal[ordinal[row] - 1]
        else:
            number[row] += moments[names[code[row]], int(batch.timestamp_ms[row])]
    return replace(batch, sequence_number=number)


def _ordinals(*columns: NDArray[Any]) -> NDArray[np.int64]:
    """Return the ordinal of each row among rows equal in every column, from 1, in order of appearance; (n,)."""
    order = np.lexsort(columns[::-1])
    fresh = np.zeros(len(order), dtype=np.bool_)
    fresh[0] = True
    for column in columns:
        fresh[1:] |= column[order][1:] != column[order][:-1]
    starts = np.flatnonzero(fresh)
    ordinal = np.empty(len(order), dtype=np.int64)
    ordinal[order] = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order)))) + 1
    return ordinal


def _stored(
    batch: TradeBatch, symbols: Sequence[str], tickers: NDArray[np.bytes_]
) -> dict[tuple[Any, ...], list[int]]:
    """Return the stored sequence numbers by contract, ms, price, size, exchange and conditions."""
    stored = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(
            _STORED,
            [
                list(symbols),
                int(batch.timestamp_ms.min()),
                int(batch.timestamp_ms.max()),
                tickers.astype(np.str_).tolist(),
            ],
        )
        for *key, sequence in cursor.fetchall():
            stored[tuple(key)].append(sequence)
    return stored
