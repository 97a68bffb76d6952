"""Sweeps of a range of times: the trades of one cluster together, of the table `options_flow_history`.

Cancels and canceled trades are left out. Inside `warehouse.asof.at(t)` a side that was not known at t is unknown, and
cancels that were not known at t are undone. Times are epoch ms.
"""

from __future__ import annotations

from dataclasses import dataclass

from quant.chain import Floats
from warehouse.asof.rows import Texts, Times, read_rows, select_list

# A sweep that begins shortly before the range is read as a whole, so that it is seen to begin before. Sequence numbers
# are those of a session.
_SWEEPS = """
SELECT {columns} FROM trades_as_of
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s - 1000 AND %(last)s
  AND is_sweep AND NOT is_cancel AND canceled_by IS NULL
GROUP BY coalesce(sweep_id, sequence_number), contract_ticker, "timestamp" / 86400000
HAVING min("timestamp") >= %(first)s AND sum(premium) >= %(least)s
"""
_EXPRESSIONS = {
    "timestamp": 'min("timestamp")',
    "trades": "count(*)",
    "premium": "sum(premium)",
    "signed": "sum(price * size * CASE sentiment WHEN 'BULLISH' THEN 1 WHEN 'BEARISH' THEN -1 ELSE 0 END)",
}


@dataclass(frozen=True, slots=True)
class Sweeps:
    """Sweeps of one symbol, oldest first; all arrays of shape (n,).

    `timestamp` is the time of the first trade, `premium` the sum of the known premiums in dollars. A sweep is bullish
    where `signed` is positive and bearish where it is negative: the larger of its premiums decides.
    """

    timestamp: Times
    contract_ticker: Texts
    trades: Times
    premium: Floats
    signed: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


def read(symbol: str, first_ms: int, last_ms: int, least_premium: float) -> Sweeps:
    """Return the sweeps that began from `first_ms` on, of trades up to `last_ms`, of at least a premium in dollars."""
    query = _SWEEPS.format(columns=select_list(Sweeps, _EXPRESSIONS))
    wanted = {"symbol": symbol, "first": first_ms, "last": last_ms, "least": least_premium}
    return read_rows(Sweeps, query, wanted, ("timestamp", "contract_ticker"))
