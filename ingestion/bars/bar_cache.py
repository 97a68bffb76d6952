"""Bars for one session after another: a series is read once and not once for each, of which every reading would be
planned over all months of a year."""

from __future__ import annotations

from datetime import date

from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.historical_bars import Bars, historical_bars
from ingestion.daily.regime_inputs import NOT_THERE
from provider.connection import Connect


class BarsInTurn:
    """`historical_bars` of days and shorter times for sessions up to `last`, for bars that are all fetched: what comes
    into the table after a series was read is not seen. For one thread."""

    def __init__(self, last: date) -> None:
        self._last = last
        self._read: dict[tuple[str, str], tuple[date, Bars]] = {}

    def __call__(
        self, ticker: str, timeframe: str, first: date, last: date, now_ms: int, connect: Connect
    ) -> Bars:
        if last > self._last:
            return historical_bars(ticker, timeframe, first, last, now_ms, connect)
        since, bars = self._read.get((ticker, timeframe), (date.max, None))
        if bars is None or first < since:
            try:
                bars = historical_bars(ticker, timeframe, first, self._last, now_ms, connect)
            except NOT_THERE:  # of the last sessions perhaps, and not of these
                return historical_bars(ticker, timeframe, first, last, now_ms, connect)
            self._read[ticker, timeframe] = first, bars
        return bars.between(midnight_ms(first), close_ms(last))
