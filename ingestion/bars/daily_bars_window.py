"""A year of daily bars of all stocks as arrays, moved forward from session to session.

The year of the next session reads only one more day. The days before it do not change: a daily bar is inserted once
and never updated, and all stocks of a day are stored in one transaction. The only row that can be missed is a watched
symbol's own bar, stored by another process after its day was read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from ingestion.bars.bar_times import close_ms, midnight_ms
from quant.chain import Floats
from quant.sessions import new_york_date
from warehouse import clock
from warehouse.asof import bars
from warehouse.asof.adjusted_bars import until_ms
from warehouse.asof.corporate_actions import Split, splits_of
from warehouse.models.enums import Timeframe

YEAR_SESSIONS, MEAN_SESSIONS = 252, 50
_SESSIONS_OF = {"high": YEAR_SESSIONS, "low": YEAR_SESSIONS, "close": MEAN_SESSIONS, "volume": MEAN_SESSIONS}
_READ_TOGETHER = (("high", "low"), ("close", "volume"))


@dataclass(frozen=True, slots=True)
class StockYear:
    """Daily bars up to `session`, oldest first, NaN where there is none.

    `high` and `low` cover 252 sessions, `close` and `volume` 50, each of shape (sessions, stocks). The year has every
    stock with a bar of `session`, with all earlier bars. A year of 1,000 stocks takes 5 MB. `days` are the 252
    sessions, empty before the first year is read.
    """

    days: tuple[date, ...]
    symbols: tuple[str, ...]
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    @property
    def session(self) -> date:
        """The last session."""
        return self.days[-1]


def stock_year(days: Sequence[date], before: StockYear | None = None) -> StockYear:
    """Return the year that ends with the last of `days` (252 consecutive sessions, oldest first), as traded.

    Nothing later is read. With `before`, the year that ends with the previous session, only new bars are read.
    """
    symbols, today = bars.daily_bars_of_all(midnight_ms(days[-1]), tuple(_SESSIONS_OF))
    if before is None or before.session != days[-2]:
        before = StockYear((), (), **{name: np.empty((n, 0)) for name, n in _SESSIONS_OF.items()})
    # Stocks enter and leave near rank 1,000. One without bars in the 50 sessions is read again when it returns.
    recent = np.flatnonzero(np.isfinite(before.close).any(axis=0))
    carried = [before.symbols[n] for n in recent.tolist()]
    new = sorted(set(symbols).difference(carried))
    past = _before(new, days[:-1])
    place = {symbol: n for n, symbol in enumerate([*carried, *new])}
    places = [place[symbol] for symbol in symbols]
    columns: dict[str, Floats] = {}
    for name, n in _SESSIONS_OF.items():
        columns[name] = column = np.full((n, len(place)), np.nan)
        column[:-1, : len(carried)] = getattr(before, name)[1:, recent]
        column[:-1, len(carried) :] = past[name]
        column[-1, places] = today[name]
    return StockYear(tuple(days), tuple(place), **columns)


def adjusted(year: StockYear) -> StockYear:
    """Return a year per share of its last session, by the splits that were known at its close.

    A bar that may have been adjusted when it was fetched is NaN where a split followed it.
    """
    known_ms = close_ms(year.session)
    splits = splits_of(year.symbols, year.days[1], date.max)
    columns = {name: getattr(year, name).copy() for name in _SESSIONS_OF}
    place = {symbol: n for n, symbol in enumerate(year.symbols)}
    for symbol, start_ms in _of_unknown_shares(splits, year.days):
        row = bisect_left(year.days, new_york_date(clock.instant(start_ms)))
        for name, column in columns.items():
            if row >= len(year.days) - _SESSIONS_OF[name]:
                column[row - len(year.days), place[symbol]] = np.nan
    for symbol, actions in splits.items():
        for split in actions:
            if split.is_in_effect(known_ms):
                after = len(year.days) - bisect_left(year.days, split.ex_date)  # sessions with the new shares
                for name, column in columns.items():
                    old = column[: max(len(column) - after, 0), place[symbol]]  # a view of the column
                    if name == "volume":
                        old *= split.shares
                    else:
                        old /= split.shares
    return replace(year, **columns)


def _of_unknown_shares(
    splits: Mapping[str, Sequence[Split]], days: Sequence[date]
) -> Iterator[tuple[str, int]]:
    """Yield the bars before a split whose shares are unknown, by symbol and start."""
    if splits:
        found = bars.of_unknown_shares(
            list(splits), Timeframe.DAY, midnight_ms(days[0]), midnight_ms(days[-1])
        )
        for symbol, start_ms in zip(found.symbol.tolist(), found.start_ms.tolist(), strict=True):
            if start_ms < until_ms(splits[symbol][-1].ex_date, Timeframe.DAY):
                yield symbol, start_ms


def _before(symbols: list[str], days: Sequence[date]) -> dict[str, Floats]:
    """Return the bars of some stocks in the sessions before the last, each of shape (sessions - 1, symbols)."""
    columns = {name: np.full((n - 1, len(symbols)), np.nan) for name, n in _SESSIONS_OF.items()}
    for names in _READ_TOGETHER if symbols else ():
        starts = np.array([midnight_ms(day) for day in days[-len(columns[names[0]]) :]])
        read = bars.read_many(symbols, Timeframe.DAY, int(starts[0]), int(starts[-1]), names)
        row = np.searchsorted(starts, read.start_ms)
        at_start = starts[row] == read.start_ms
        for name in names:
            columns[name][row[at_start], read.place[at_start]] = read.numbers[name][at_start]
    return columns
