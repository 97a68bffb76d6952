"""How many stocks rose and fell: counted over a liquid universe whose daily bars are kept for it.

Of each session the thousand largest issues by traded value are stored, of those above five dollars and 200,000
shares. An issue counts on a day when it was liquid the session before: a rule that looks neither ahead nor at
today's move, and that needs no list to be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
from django.db import connection, transaction

from ingestion import coverage
from ingestion.bar_times import close_ms, midnight_ms
from ingestion.bars import PLAN_DELAY_MS, columns_of
from ingestion.coverage import Stretch
from ingestion.massive import massive_client
from provider.records import Aggregate
from provider.walk import Pages
from quant import sessions
from warehouse import bulk, partitions, runs
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe

TASK = "grouped_daily"
LOWEST_PRICE, LOWEST_VOLUME, LARGEST = 5.0, 200_000.0, 1_000
MEAN_SESSIONS, YEAR_SESSIONS = 50, 252
# An issue at the edge of the thousand misses a day now and then and has a year's high all the same.
_YEAR_BARS = 240

# The stocks with a bar in a range, by walking the key from one symbol to the next: the range holds minute bars too,
# hundreds to a symbol, and the contracts (O:...) are stepped over in one stride.
_SYMBOLS = """
WITH RECURSIVE walk(symbol) AS (
    SELECT min(symbol) FROM historical_bars WHERE "timestamp" BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT (
        SELECT min(b.symbol) FROM historical_bars b
        WHERE b."timestamp" BETWEEN %(first)s AND %(last)s
          AND b.symbol > CASE WHEN w.symbol >= 'O:' AND w.symbol < 'O;' THEN 'O;' ELSE w.symbol END
    ) FROM walk w WHERE w.symbol IS NOT NULL
)
SELECT coalesce(array_agg(symbol) FILTER (WHERE NOT (symbol >= 'O:' AND symbol < 'O;')), '{}') FROM walk
"""
_COUNTS = """
SELECT count(*),
       count(*) FILTER (WHERE close > close_before), count(*) FILTER (WHERE close < close_before),
       count(*) FILTER (WHERE of_mean = %(mean_bars)s),
       count(*) FILTER (WHERE of_mean = %(mean_bars)s AND close > mean),
       count(*) FILTER (WHERE of_year >= %(year_bars)s),
       count(*) FILTER (WHERE of_year >= %(year_bars)s AND high > year_high),
       count(*) FILTER (WHERE of_year >= %(year_bars)s AND low < year_low)
FROM (
    SELECT max(close) FILTER (WHERE "timestamp" = %(today)s) AS close,
           max(high) FILTER (WHERE "timestamp" = %(today)s) AS high,
           min(low) FILTER (WHERE "timestamp" = %(today)s) AS low,
           max(close) FILTER (WHERE "timestamp" = %(before)s) AS close_before,
           max(volume) FILTER (WHERE "timestamp" = %(before)s) AS volume_before,
           avg(close) FILTER (WHERE "timestamp" >= %(mean_from)s) AS mean,
           count(*) FILTER (WHERE "timestamp" >= %(mean_from)s) AS of_mean,
           max(high) FILTER (WHERE "timestamp" < %(today)s) AS year_high,
           min(low) FILTER (WHERE "timestamp" < %(today)s) AS year_low,
           count(*) FILTER (WHERE "timestamp" < %(today)s) AS of_year
    FROM historical_bars
    WHERE symbol = ANY(%(symbols)s) AND timeframe = '1d' AND "timestamp" BETWEEN %(year_from)s AND %(today)s
    GROUP BY symbol
) issue
WHERE close IS NOT NULL AND close_before > %(lowest_price)s AND volume_before > %(lowest_volume)s
"""


class GroupedClient(Protocol):
    """What of the provider's client is asked for all stocks of a day."""

    def grouped_daily(self, date: date) -> Pages[Aggregate]: ...


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
    days = [session]
    while len(days) < YEAR_SESSIONS:
        days.append(sessions.previous_session(days[-1]))
    return days[::-1]


def fetch_grouped(
    days: Sequence[date], connect: Callable[[], AbstractContextManager[GroupedClient]] = massive_client
) -> None:
    """Stores the large issues' daily bars of sessions (consecutive, oldest first) that were never fetched.

    Each session is a run of its own: an attempt that is cut short goes on where it stopped. A session the provider
    has no bars of yet stays unfetched. Raises one of provider.errors.
    """
    whole = Stretch(close_ms(sessions.previous_session(days[0])), close_ms(days[-1]))
    known = coverage.covered(TASK, "", whole)
    unfetched = [
        (day, part)
        for day in days
        for part in coverage.missing(Stretch(close_ms(sessions.previous_session(day)), close_ms(day)), known)
    ]
    if not unfetched:
        return
    with connect() as client:
        for day, part in unfetched:
            pages = client.grouped_daily(day)
            delay_ms = PLAN_DELAY_MS if pages.status_delayed else 0
            if pages.rows and min(pages.fetched_at_ms) - delay_ms >= close_ms(day):
                _store(day, part, large_issues(pages.rows))


def large_issues(rows: Sequence[Aggregate]) -> list[Aggregate]:
    """The thousand largest by price times volume of the liquid ones, by ticker."""
    liquid = [
        row for row in rows if row.ticker and row.close > LOWEST_PRICE and (row.volume or 0) > LOWEST_VOLUME
    ]
    liquid.sort(key=lambda row: (-row.close * (row.volume or 0), row.ticker))
    return sorted(liquid[:LARGEST], key=lambda row: row.ticker or "")


def breadth(session: date) -> Breadth:
    """Counts a session from the stored bars of it and of the year before it; nothing later is read."""
    year = year_before(session)
    today, before = midnight_ms(session), midnight_ms(year[-2])
    with connection.cursor() as cursor:
        cursor.execute(_SYMBOLS, {"first": today, "last": today})
        (symbols,) = cursor.fetchone()
        cursor.execute(
            _COUNTS,
            {
                "symbols": symbols,
                "today": today,
                "before": before,
                "mean_from": midnight_ms(year[-MEAN_SESSIONS]),
                "year_from": midnight_ms(year[0]),
                "mean_bars": MEAN_SESSIONS,
                "year_bars": _YEAR_BARS,
                "lowest_price": LOWEST_PRICE,
                "lowest_volume": LOWEST_VOLUME,
            },
        )
        issues, advancers, decliners, with_mean, above, with_year, highs, lows = cursor.fetchone()
    return Breadth(
        advancers=advancers if issues else None,
        decliners=decliners if issues else None,
        above_mean=above / with_mean if with_mean else None,
        new_highs=highs if with_year else None,
        new_lows=lows if with_year else None,
    )


def _store(day: date, fetched: Stretch, bars: Sequence[Aggregate]) -> None:
    columns: dict[str, Any] = columns_of(bars) | {
        "symbol": np.array([bar.ticker for bar in bars]),
        "timeframe": Timeframe.DAY.value,
        "timestamp": midnight_ms(day),
    }
    if bars:
        partitions.ensure(HistoricalBar._meta.db_table, midnight_ms(day), midnight_ms(day))
    with runs.claim(TASK, "", fetched.until_ms) as run, transaction.atomic():
        inserted = bulk.insert_rows(HistoricalBar, columns) if bars else 0
        if isinstance(run, runs.Run):
            start = coverage.joined_start(fetched, coverage.covered(TASK, "", fetched))
            runs.finish(run, rows=inserted, result={coverage.FROM: start})
