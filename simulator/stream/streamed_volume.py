"""Volume of the stream's trades per contract and minute, which is added to the daily volume of chains."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.market.chain_table import ChainTable
from simulator.market.synthetic_chain import midnight_ns
from simulator.stream.trade_orders import CANCEL
from simulator.stream.trade_pool import Pool

_MINUTES_KEPT = 30  # new chains are of the current minute; the world caches earlier ones


class StreamedVolume:
    """Volume per contract since the stream started, by row of the session's pool."""

    def __init__(self) -> None:
        self._pool: Pool | None = None
        self._now: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._until: OrderedDict[int, NDArray[np.int64]] = OrderedDict()  # at the start of a minute

    def add(self, pool: Pool, second: int, trades: NDArray[Any]) -> None:
        """Add the trades of one second, without cancels. Seconds must be added in order."""
        if pool is not self._pool:
            self._pool, self._now = pool, np.zeros(len(pool.weight), dtype=np.int64)
            self._until.clear()
        minute = second // 60
        if minute not in self._until:
            self._until[minute] = self._now.copy()
            while len(self._until) > _MINUTES_KEPT:
                self._until.popitem(last=False)
        traded = trades[trades["kind"] != CANCEL]
        np.add.at(self._now, traded["contract"], traded["size"])

    def on(self, table: ChainTable, second: int) -> ChainTable:
        """Return the chain of an epoch second, the start of a minute, with the volume until then added."""
        pool, part = self._pool, None
        if pool is not None and pool.opens <= second <= pool.closes:
            part = pool.spans.get(table.symbol)
        if pool is None or part is None:
            return table
        later = [minute for minute in self._until if minute >= second // 60]
        counted = self._until[min(later)] if later else self._now
        tickers = pool.listing.ticker[part]
        row = np.minimum(np.searchsorted(table.ticker, tickers), len(table) - 1)
        in_table = table.ticker[row] == tickers
        streamed = np.zeros(len(table))
        streamed[row[in_table]] = counted[part][in_table]
        # The table of a contract without other volume today shows the date on which it last traded.
        midnight = midnight_ns(pool.date)
        today = np.where(table.day_ns == midnight, np.nan_to_num(table.day_volume), 0.0)
        return replace(
            table,
            day_volume=np.where(streamed > 0, today + streamed, table.day_volume),
            day_ns=np.where(streamed > 0, midnight, table.day_ns),
        )
