"""Market breadth: how many stocks rose and fell, over a liquid universe whose daily bars are stored.

Of each session the thousand largest stocks by traded value are stored, among those above five dollars and 200,000
shares. A stock counts in a session when it was liquid in the session before. This rule uses neither the future nor the
session's own move, and needs no list of stocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ingestion import fetched_ranges
from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.daily_bars_window import MEAN_SESSIONS, YEAR_SESSIONS, StockYear, adjusted, stock_year
from ingestion.bars.historical_bars import PLAN_DELAY_MS, columns_of
from ingestion.fetched_ranges import Stretch
from ingestion.provider_client import massive_client
from provider.pagination import Pages
from provider.records import Aggregate
from quant import sessions
from warehouse import partitions, runs
from warehouse.loading import bulk
from warehouse.loading.known_at import store_in_time
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

LOWEST_PRICE, LOWEST_VOLUME, LARGEST = 5.0, 200_000.0, 1_000
# A stock near rank 1,000 misses a few days of a year. It can still have a new high of the year.
_YEAR_BARS = 240
_PRICE_UNIT = 1e-8  # dollars; no price has more decimals
# Of the counted stocks, how many must have the history of a number for it to be that of the market.
LEAST_SHARE = 0.1


class GroupedClient(Protocol):
    """The method of the provider's client that returns all stocks of a day."""

    def grouped_daily(self, date: date) -> Pages[Aggregate]: ...


@dataclass(frozen=True, slots=True)
class StockDay:
    """Bars of the large stocks of one session, by ticker, and the time range fetched with them."""

    day: date
    known: Stretch
    bars: Sequence[Aggregate]


@dataclass(frozen=True, slots=True)
class Breadth:
    """Counts of stocks, None if no stock has enough stored bars. `above_mean` is a fraction from 0 to 1."""

    advancers: int | None = None
    decliners: int | None = None
    above_mean: float | None = None
    new_highs: int | None = None
    new_lows: int | None = None


def year_before(session: date) -> list[date]:
    """Return the 252 sessions that end with this one, oldest first."""
    return sessions.sessions(session - timedelta(days=400), session)[-YEAR_SESSIONS:]


def fetch_grouped(
    days: Sequence[date], connect: Callable[[], AbstractContextManager[GroupedClient]] = massive_client
) -> dict[date, int | None]:
    """Fetch and store the large stocks' daily bars of sessions that were not fetched yet.

    `days` are consecutive sessions, oldest first. Each session is stored on its own, so an interrupted call continues
    where it stopped. Returns by fetched session how many bars it has, None if the provider does not have them yet;
    such a session stays unfetched. Raises one of provider.errors.
    """
    whole = Stretch(close_ms(sessions.previous_session(days[0])), close_ms(days[-1]))
    known = fetched_ranges.covered(RunTask.GROUPED_DAILY, "", whole)
    unfetched = [(day, part) for day in days for part in fetched_ranges.missing(_stretch(day), known)]
    bars: dict[date, int | None] = {}
    if not unfetched:
        return bars
    with connect() as client:
        for day, part in unfetched:
            fetched = _fetched(client, day, part)
            if fetched is not None:
                store_days([fetched])
            bars[day] = len(fetched.bars) if fetched is not None else None
    return bars


def fetch_day(
    day: date, connect: Callable[[], AbstractContextManager[GroupedClient]] = massive_client
) -> StockDay | None:
    """Fetch one session that was never fetched, for `store_days`, without database access.

    Returns None when the provider has no bars of it yet. Raises one of provider.errors.
    """
    with connect() as client:
        return _fetched(client, day, _stretch(day))


def store_days(fetched: Sequence[StockDay]) -> None:
    """Store the bars of sessions and record them as fetched, in one transaction.

    If another process stores the same sessions at the same time, each bar is stored once.
    """
    # The order lets two writers of the same sessions wait for each other instead of deadlocking.
    fetched = sorted(fetched, key=lambda stock_day: stock_day.day)
    rows = [bar for stock_day in fetched for bar in stock_day.bars]
    starts = np.array([midnight_ms(stock_day.day) for stock_day in fetched], dtype=np.int64)
    if rows:
        partitions.ensure(HistoricalBar._meta.db_table, int(starts[0]), int(starts[-1]))
    done = [runs.Done("", stock_day.known.until_ms, len(stock_day.bars), {}) for stock_day in fetched]

    def insert() -> None:
        if rows:
            columns = columns_of(rows) | {
                "symbol": np.array([bar.ticker for bar in rows]),
                "timeframe": Timeframe.DAY.value,
                "timestamp": np.repeat(starts, [len(stock_day.bars) for stock_day in fetched]),
            }
            # Symbols whose daily bars are also fetched individually (SPY, AAPL) may have these rows already.
            bulk.insert_rows(HistoricalBar, columns, likely_new=False)
        fetched_ranges.record(RunTask.GROUPED_DAILY, [("", stock_day.known) for stock_day in fetched])
        runs.note_done(RunTask.GROUPED_DAILY, done)

    store_in_time(insert)


def large_stocks(rows: Sequence[Aggregate]) -> list[Aggregate]:
    """Return the thousand largest liquid stocks by price times volume, sorted by ticker."""
    liquid = [
        row for row in rows if row.ticker and row.close > LOWEST_PRICE and (row.volume or 0) > LOWEST_VOLUME
    ]
    liquid.sort(key=lambda row: (-row.close * (row.volume or 0), row.ticker))
    return sorted(liquid[:LARGEST], key=lambda row: row.ticker or "")


def breadth(session: date) -> Breadth:
    """Return the breadth of a session from its stored bars and those of the year before it."""
    return count(adjusted(stock_year(year_before(session))))


class BreadthInTurn:
    """`breadth` for consecutive sessions: each call reads only what the previous call did not.

    Thread-safe. Sessions in another order are counted too, each after reading a whole year.
    """

    def __init__(self) -> None:
        self._latest: StockYear | None = None

    def __call__(self, session: date) -> Breadth:
        year = self._latest = stock_year(year_before(session), self._latest)
        return count(adjusted(year))

    def unread(self, session: date) -> int:
        """Return how many sessions the next call has to read: a whole year, or only the last one."""
        latest = self._latest
        follows = latest is not None and latest.session == sessions.previous_session(session)
        return 1 if follows else YEAR_SESSIONS


def count(year: StockYear) -> Breadth:
    """Return the breadth of the last session of an adjusted year."""
    close, before = year.close[-1], year.close[-2]
    counted = np.isfinite(close) & (before > LOWEST_PRICE) & (year.volume[-2] > LOWEST_VOLUME)
    with_mean = counted & np.isfinite(year.close).all(axis=0)
    # Sums of integers are exact: a stock whose price never changed is at its mean, not above it by rounding.
    units = np.rint(year.close / _PRICE_UNIT)
    above = with_mean & (MEAN_SESSIONS * units[-1] > units.sum(axis=0))
    with_year = counted & (np.isfinite(year.high[:-1]).sum(axis=0) >= _YEAR_BARS)
    highs = with_year & (year.high[-1] > np.fmax.reduce(year.high[:-1]))
    lows = with_year & (year.low[-1] < np.fmin.reduce(year.low[:-1]))

    def number(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> int | None:
        return int(of.sum()) if whole(among) else None

    def whole(among: NDArray[np.bool_]) -> bool:
        # A few symbols whose history is stored for other reasons say nothing about the market.
        return bool(among.any() and among.sum() >= LEAST_SHARE * counted.sum())

    return Breadth(
        advancers=number(counted & (close > before), counted),
        decliners=number(counted & (close < before), counted),
        above_mean=float(above.sum() / with_mean.sum()) if whole(with_mean) else None,
        new_highs=number(highs, with_year),
        new_lows=number(lows, with_year),
    )


def _stretch(day: date) -> Stretch:
    return Stretch(close_ms(sessions.previous_session(day)), close_ms(day))


def _fetched(client: GroupedClient, day: date, part: Stretch) -> StockDay | None:
    """Fetch one session; return None if its end is after the newest data of the provider."""
    pages = client.grouped_daily(day)
    delay_ms = PLAN_DELAY_MS if pages.status_delayed else 0
    if pages.rows and min(pages.fetched_at_ms) - delay_ms >= close_ms(day):
        return StockDay(day, part, large_stocks(pages.rows))
    return None
