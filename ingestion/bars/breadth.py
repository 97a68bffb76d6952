"""How many stocks rose and fell: counted over a liquid universe whose daily bars are kept for it.

Of each session the thousand largest issues by traded value are stored, of those above five dollars and 200,000
shares. An issue counts on a day when it was liquid the session before: a rule that looks neither ahead nor at
today's move, and that needs no list to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from ingestion import fetched_ranges
from ingestion.bars.bar_times import close_ms, midnight_ms
from ingestion.bars.daily_bars_window import MEAN_SESSIONS, YEAR_SESSIONS, StockYear, stock_year
from ingestion.bars.historical_bars import PLAN_DELAY_MS, columns_of
from ingestion.fetched_ranges import Stretch
from ingestion.provider_client import massive_client
from provider.pagination import Pages
from provider.records import Aggregate
from quant import sessions
from warehouse import partitions, runs
from warehouse.loading import bulk
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

LOWEST_PRICE, LOWEST_VOLUME, LARGEST = 5.0, 200_000.0, 1_000
# An issue at the edge of the thousand misses a day now and then and has a year's high all the same.
_YEAR_BARS = 240
_PRICE_UNIT = 1e-8  # dollars; no price has more decimals


class GroupedClient(Protocol):
    """What of the provider's client is asked for all stocks of a day."""

    def grouped_daily(self, date: date) -> Pages[Aggregate]: ...


@dataclass(frozen=True, slots=True)
class StockDay:
    """The large issues' bars of one session, by ticker, and the stretch that is known with them."""

    day: date
    known: Stretch
    bars: Sequence[Aggregate]


@dataclass(frozen=True, slots=True)
class Breadth:
    """Counts of issues; None where no issue's stored past is long enough. `above_mean` is a fraction 0 to 1."""

    advancers: int | None = None
    decliners: int | None = None
    above_mean: float | None = None
    new_highs: int | None = None
    new_lows: int | None = None


def year_before(session: date) -> list[date]:
    """The 252 sessions that end with this one, oldest first."""
    return sessions.sessions(session - timedelta(days=400), session)[-YEAR_SESSIONS:]


def fetch_grouped(
    days: Sequence[date], connect: Callable[[], AbstractContextManager[GroupedClient]] = massive_client
) -> None:
    """Stores the large issues' daily bars of sessions (consecutive, oldest first) that were never fetched.

    Each session is a run of its own: an attempt that is cut short goes on where it stopped. A session the provider
    has no bars of yet stays unfetched. Raises one of provider.errors.
    """
    whole = Stretch(close_ms(sessions.previous_session(days[0])), close_ms(days[-1]))
    known = fetched_ranges.covered(RunTask.GROUPED_DAILY, "", whole)
    unfetched = [(day, part) for day in days for part in fetched_ranges.missing(_stretch(day), known)]
    if not unfetched:
        return
    with connect() as client:
        for day, part in unfetched:
            fetched = _fetched(client, day, part)
            if fetched is not None:
                store_days([fetched])


def fetch_day(
    day: date, connect: Callable[[], AbstractContextManager[GroupedClient]] = massive_client
) -> StockDay | None:
    """One session, which the caller knows was never fetched, for `store_days`; None where the provider has no bars of
    it yet. Asks the provider alone. Raises one of provider.errors."""
    with connect() as client:
        return _fetched(client, day, _stretch(day))


def store_days(fetched: Sequence[StockDay]) -> None:
    """Stores the bars of sessions and notes that they are fetched, all in one commit. Whoever fetched the same at the
    same time did so in vain, and nothing else: bars are kept once."""
    # Oldest first: each joins the stretch of the one before it, and two writers of the same sessions wait for each
    # other instead of deadlocking.
    fetched = sorted(fetched, key=lambda one: one.day)
    rows = [bar for one in fetched for bar in one.bars]
    starts = np.array([midnight_ms(one.day) for one in fetched], dtype=np.int64)
    if rows:
        partitions.ensure(HistoricalBar._meta.db_table, int(starts[0]), int(starts[-1]))
    known = fetched_ranges.covered(
        RunTask.GROUPED_DAILY, "", Stretch(fetched[0].known.after_ms, fetched[-1].known.until_ms)
    )
    done = []
    for one in fetched:
        after_ms = fetched_ranges.joined_start(one.known, known)
        known.append(Stretch(after_ms, one.known.until_ms))
        done.append(runs.Done("", one.known.until_ms, len(one.bars), {}, {fetched_ranges.FROM: after_ms}))
    with transaction.atomic():
        if rows:
            columns = columns_of(rows) | {
                "symbol": np.array([bar.ticker for bar in rows]),
                "timeframe": Timeframe.DAY.value,
                "timestamp": np.repeat(starts, [len(one.bars) for one in fetched]),
            }
            # Not new are those of the symbols whose daily bars are fetched for themselves: SPY, AAPL.
            bulk.insert_rows(HistoricalBar, columns, likely_new=False)
        runs.note_done(RunTask.GROUPED_DAILY, done)


def large_issues(rows: Sequence[Aggregate]) -> list[Aggregate]:
    """The thousand largest by price times volume of the liquid ones, by ticker."""
    liquid = [
        row for row in rows if row.ticker and row.close > LOWEST_PRICE and (row.volume or 0) > LOWEST_VOLUME
    ]
    liquid.sort(key=lambda row: (-row.close * (row.volume or 0), row.ticker))
    return sorted(liquid[:LARGEST], key=lambda row: row.ticker or "")


def breadth(session: date) -> Breadth:
    """Counts a session from the stored bars of it and of the year before it; nothing later is read."""
    return count(stock_year(year_before(session)))


class BreadthInTurn:
    """`breadth` for one session after another: each reads what the one before it has not.

    Safe in several threads; sessions out of order are counted as well, each from a year that is read anew.
    """

    def __init__(self) -> None:
        self._latest: StockYear | None = None

    def __call__(self, session: date) -> Breadth:
        year = self._latest = stock_year(year_before(session), self._latest)
        return count(year)

    def unread(self, session: date) -> int:
        """How many of the sessions that end with this one are to be read: all of a year, or the last alone."""
        latest = self._latest
        follows = latest is not None and latest.session == sessions.previous_session(session)
        return 1 if follows else YEAR_SESSIONS


def count(year: StockYear) -> Breadth:
    """Counts the last session of a year."""
    close, before = year.close[-1], year.close[-2]
    counted = np.isfinite(close) & (before > LOWEST_PRICE) & (year.volume[-2] > LOWEST_VOLUME)
    with_mean = counted & np.isfinite(year.close).all(axis=0)
    # Whole numbers, whose sum is exact: an issue that did not move stands on its mean and not a rounding above it.
    units = np.rint(year.close / _PRICE_UNIT)
    above = with_mean & (MEAN_SESSIONS * units[-1] > units.sum(axis=0))
    with_year = counted & (np.isfinite(year.high[:-1]).sum(axis=0) >= _YEAR_BARS)
    highs = with_year & (year.high[-1] > np.fmax.reduce(year.high[:-1]))
    lows = with_year & (year.low[-1] < np.fmin.reduce(year.low[:-1]))

    def number(of: NDArray[np.bool_], among: NDArray[np.bool_]) -> int | None:
        return int(of.sum()) if among.any() else None

    return Breadth(
        advancers=number(counted & (close > before), counted),
        decliners=number(counted & (close < before), counted),
        above_mean=float(above.sum() / with_mean.sum()) if with_mean.any() else None,
        new_highs=number(highs, with_year),
        new_lows=number(lows, with_year),
    )


def _stretch(day: date) -> Stretch:
    return Stretch(close_ms(sessions.previous_session(day)), close_ms(day))


def _fetched(client: GroupedClient, day: date, part: Stretch) -> StockDay | None:
    """Asks for one session; None where the provider has not seen its end yet."""
    pages = client.grouped_daily(day)
    delay_ms = PLAN_DELAY_MS if pages.status_delayed else 0
    if pages.rows and min(pages.fetched_at_ms) - delay_ms >= close_ms(day):
        return StockDay(day, part, large_issues(pages.rows))
    return None
