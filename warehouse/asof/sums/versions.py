"""Versions of the sums of 15 minutes of trades, of the table `flow_slots`: what was known of them at any instant.

The sums of the newest intervals are computed several times, because trades arrive late. So the present row of an
interval is not what was known when it had just ended. Each statement reads the keys of several symbols and a range of
times. Times are epoch ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from quant.chain import Floats
from warehouse.asof.rows import Times, kinds_of
from warehouse.column_queries import read_grouped

_PRESENT = """
SELECT symbol, {columns} FROM flow_slots
WHERE symbol = ANY(%(symbols)s) AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
_EARLIER = """
SELECT key ->> 'symbol' AS symbol, {columns} FROM superseded_rows
WHERE table_name = 'flow_slots' AND (key ->> 'symbol') COLLATE "C" = ANY(%(symbols)s)
  AND (key ->> 'timestamp')::bigint BETWEEN %(first)s AND %(last)s
"""
_FOREVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class FlowVersions:
    """Versions of the sums of one symbol, ascending by interval and by the time from which they were known; (n,).

    `timestamp` is the end of the 15 minutes. The version was the row of its interval from `valid_from` until
    `valid_until`. Premiums are dollars, volumes contracts, the others counts. A sum that is not stored is NaN: the
    premiums from `big_premium` on, and `call_sweeps`, are missing in older rows.
    """

    timestamp: Times
    valid_from: Times
    valid_until: Times
    trades: Floats
    premium: Floats
    call_contracts: Floats
    put_contracts: Floats
    bullish_premium: Floats
    bearish_premium: Floats
    stream_sided_premium: Floats
    rest_sided_premium: Floats
    sweeps: Floats
    bullish_sweeps: Floats
    bearish_sweeps: Floats
    call_sweeps: Floats
    big_premium: Floats
    aggressive_premium: Floats
    sweep_premium: Floats
    sided_sweep_premium: Floats
    bullish_sweep_premium: Floats
    bearish_sweep_premium: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


_SUMS = tuple(one.name for one in fields(FlowVersions))[3:]
_PRESENT_COLUMNS = ", ".join(
    ['"timestamp"', "coalesce(computed_at, known_at) AS valid_from", f"{_FOREVER} AS valid_until", *_SUMS]
)
_EARLIER_COLUMNS = ", ".join(
    [
        "(key ->> 'timestamp')::bigint AS \"timestamp\"",
        "known_at AS valid_from",
        "superseded_at AS valid_until",
        *(f"(row ->> '{name}') AS {name}" for name in _SUMS),
    ]
)


def read(symbols: Sequence[str], first_ms: int, last_ms: int) -> dict[str, FlowVersions]:
    """Return all versions of the intervals that end from `first_ms` to `last_ms`, both included, by symbol.

    Symbols without a row are left out.
    """
    wanted = {"symbols": list(symbols), "first": first_ms, "last": last_ms}
    parts: dict[str, list[dict[str, np.ndarray]]] = {}
    for statement, columns in ((_PRESENT, _PRESENT_COLUMNS), (_EARLIER, _EARLIER_COLUMNS)):
        found = read_grouped(statement.format(columns=columns), wanted, kinds_of(FlowVersions), "symbol")
        ends = np.cumsum(found.rows)
        for symbol, rows, end in zip(found.key, found.rows.tolist(), ends.tolist(), strict=True):
            part = {name: column[end - rows : end] for name, column in found.columns.items()}
            parts.setdefault(symbol, []).append(part)
    return {symbol: _merged(found) for symbol, found in parts.items()}


def _merged(parts: list[dict[str, np.ndarray]]) -> FlowVersions:
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.lexsort((columns["valid_from"], columns["timestamp"]))
    return FlowVersions(**{name: column[order] for name, column in columns.items()})
