"""Cache of bars for computing many sessions in a row.

Each series is read once instead of once per session, because PostgreSQL plans every read over all months of a year.
"""

from __future__ import annotations

from datetime import date

from ingestion.bars.bar_times import close_ms, midnight_ms, range_ms
from ingestion.bars.historical_bars import ensure_bars
from ingestion.daily.regime_inputs import NOT_THERE, ensured_bars
from provider.connection import Connect
from provider.symbols import bare
from warehouse.asof.adjusted_bars import BarHistory, read_history
from warehouse.asof.bars import Bars


class BarsInTurn:
    """`ensured_bars` of daily and shorter bars for sessions up to `last`, with a cache.

    For bars that are all fetched already: rows stored after a series was read are not seen. For use by one thread.
    """

    def __init__(self, last: date) -> None:
        self._last = last
        self._read: dict[tuple[str, str], tuple[date, BarHistory]] = {}

    def __call__(
        self, ticker: str, timeframe: str, first: date, last: date, now_ms: int, connect: Connect
    ) -> Bars:
        if last > self._last:
            return ensured_bars(ticker, timeframe, first, last, now_ms, connect)
        since, series = self._read.get((ticker, timeframe), (date.max, None))
        if series is None or first < since:
            try:
                ensure_bars(ticker, timeframe, first, self._last, now_ms, connect)
            except NOT_THERE:  # possibly only for the last sessions, so read just the requested ones
                return ensured_bars(ticker, timeframe, first, last, now_ms, connect)
            series = read_history(bare(ticker), timeframe, *range_ms(first, self._last))
            self._read[ticker, timeframe] = first, series
        return series.adjusted(close_ms(last)).between(midnight_ms(first), close_ms(last))
