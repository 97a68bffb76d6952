"""Bars through one door: from the table, and from the provider only what the table was never given.

Bars are those of the exchange's sessions, trading before and after left out, and only finished ones are stored:
a bar on a delayed plan is finished when the provider has seen its end, fifteen minutes later. Stock prices are
adjusted for splits as of the time they were fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ingestion import coverage
from ingestion.bar_times import (
    FETCHED,
    SUMMED_FROM,
    Span,
    close_ms,
    midnight_ms,
    open_ms,
    spans,
    whole_weeks,
)
from ingestion.chain_columns import Floats
from ingestion.coverage import Stretch
from ingestion.massive import massive_client
from ingestion.slots import session_date
from provider.errors import NotEntitled, NotFound, ProviderError
from provider.records import Aggregate
from provider.symbols import bare
from provider.walk import Pages
from quant import sessions
from warehouse import bulk, clock, partitions, queries, runs
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe

STORE_TASK = "store_bars"
NOT_FINISHED = "the provider has not finished the session's bar yet"
PLAN_DELAY_MS = 15 * 60 * 1000
_TABLE = HistoricalBar._meta.db_table

_READ = (
    'SELECT "timestamp", open::float8, high::float8, low::float8, close::float8, volume, vwap::float8, transactions'
    ' FROM historical_bars WHERE symbol = %s AND timeframe = %s AND "timestamp" BETWEEN %s AND %s ORDER BY 1'
)
# Each wanted bar (its start and end) with the shorter bars in it. The outer bounds repeat what the join says: with
# them the planner leaves other partitions alone.
_SUM_UP = """
INSERT INTO historical_bars (symbol, timeframe, "timestamp", open, high, low, close, volume, vwap, transactions)
SELECT b.symbol, %(timeframe)s, s.start_ms,
       (array_agg(b.open ORDER BY b."timestamp"))[1], max(b.high), min(b.low),
       (array_agg(b.close ORDER BY b."timestamp" DESC))[1], sum(b.volume),
       round(sum(b.vwap * b.volume::numeric) / nullif(sum(b.volume) FILTER (WHERE b.vwap IS NOT NULL), 0)::numeric, 6),
       sum(b.transactions)
FROM unnest(%(starts)s::bigint[], %(ends)s::bigint[]) AS s(start_ms, end_ms)
JOIN historical_bars b ON b."timestamp" >= s.start_ms AND b."timestamp" < s.end_ms
WHERE b.symbol = %(symbol)s AND b.timeframe = %(base)s AND b."timestamp" BETWEEN %(first)s AND %(last)s
GROUP BY b.symbol, s.start_ms
ON CONFLICT DO NOTHING
"""


class BarsClient(Protocol):
    """What of the provider's client is asked for bars."""

    def aggregates(
        self, ticker: str, multiplier: int, timespan: Any, first: Any, last: Any
    ) -> Pages[Aggregate]: ...


@dataclass(frozen=True, slots=True)
class Bars:
    """Finished bars, oldest first, all of shape (n,): starts in epoch ms, prices in dollars or index points, NaN
    where the provider has no number (volumes of indices)."""

    start_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    vwap: Floats
    transactions: Floats

    def __len__(self) -> int:
        return len(self.start_ms)


def historical_bars(
    ticker: str,
    timeframe: str,
    first: date,
    last: date,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> Bars:
    """Finished bars of the sessions from `first` to `last`, both included; weeks are those the dates touch.

    `ticker` is the provider's: SPY, I:SPX, O:SPXW251219C06475000; the table knows it without the I:. Longer bars
    are summed in the database from those the provider gives. Raises ValueError for an unknown timeframe, one of
    provider.errors where the provider fails, OutOfRangeError for dates the table does not retain. Not inside a
    transaction.
    """
    frame = Timeframe(timeframe)
    weekly = frame == Timeframe.WEEK
    days = whole_weeks(first, last) if weekly else sessions.sessions(first, last)
    now_ms = clock.now_ms()
    days = [day for day in days if open_ms(day) < now_ms]
    symbol, wanted = bare(ticker), spans(frame, days)
    if not wanted:
        return _read(symbol, frame, 0, -1)
    known_ms = _fetch_missing(ticker, SUMMED_FROM.get(frame, frame), days, now_ms, connect)
    finished = [span for span in wanted if span.end_ms <= known_ms]
    bars = _read(symbol, frame, wanted[0].start_ms, wanted[-1].start_ms)
    if frame in SUMMED_FROM and len(bars) < len(finished):
        _sum_up(symbol, frame, finished)
        bars = _read(symbol, frame, wanted[0].start_ms, wanted[-1].start_ms)
    return bars


def _fetch_missing(
    ticker: str,
    frame: Timeframe,
    days: Sequence[date],
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]],
) -> int:
    """Stores what the ledger does not know to be there; returns until when the bars are known, epoch ms."""
    task, symbol = f"bars_{frame.value}", bare(ticker)
    ended = [span.end_ms for span in spans(frame, days) if span.end_ms <= now_ms]
    wanted = Stretch(close_ms(sessions.previous_session(days[0])), max(ended, default=0))
    gaps = coverage.missing(wanted, coverage.covered(task, symbol, wanted)) if ended else []
    if not gaps:
        return wanted.until_ms
    with connect() as client:
        for gap in gaps:
            known_ms = _fetch(client, task, ticker, frame, gap)
            if known_ms < gap.until_ms:  # the provider has not seen the rest yet
                return known_ms
    return wanted.until_ms


def _fetch(client: BarsClient, task: str, ticker: str, frame: Timeframe, gap: Stretch) -> int:
    """Fetches one stretch and stores its finished bars; returns until when they are known."""
    first, last = (session_date(clock.instant(at_ms)) for at_ms in (gap.after_ms, gap.until_ms))
    if clock.epoch_ms(sessions.close_of(first)) <= gap.after_ms:
        first = sessions.next_session(first)
    pages = client.aggregates(ticker, *FETCHED[frame], first, last)
    seen_ms = min(pages.fetched_at_ms, default=gap.after_ms) - (PLAN_DELAY_MS if pages.status_delayed else 0)
    inside = {
        span.start_ms: span
        for span in spans(frame, sessions.sessions(first, last))
        if gap.after_ms < span.end_ms <= min(gap.until_ms, seen_ms)
    }
    if not inside:
        return gap.after_ms
    rows = {_start_ms(row, frame): row for row in pages.rows}
    known = Stretch(gap.after_ms, max(span.end_ms for span in inside.values()))
    store(task, bare(ticker), frame, known, {at_ms: rows[at_ms] for at_ms in inside if at_ms in rows})
    return known.until_ms


def store(task: str, symbol: str, frame: Timeframe, fetched: Stretch, rows: dict[int, Aggregate]) -> int:
    """Stores bars by their start and notes that the stretch is fetched; returns how many were new.

    Where another worker notes the same stretch, the rows are inserted all the same: whoever reads next finds them.
    """
    if rows:
        partitions.ensure(_TABLE, min(rows), max(rows))
    with runs.claim(task, symbol, fetched.until_ms) as run, transaction.atomic():
        inserted = _insert(symbol, frame, rows) if rows else 0
        if isinstance(run, runs.Run):
            start = coverage.joined_start(fetched, coverage.covered(task, symbol, fetched))
            runs.finish(run, rows=inserted, result={coverage.FROM: start})
    return inserted


def _insert(symbol: str, frame: Timeframe, rows: dict[int, Aggregate]) -> int:
    bars = [rows[at_ms] for at_ms in sorted(rows)]
    return bulk.insert_rows(
        HistoricalBar,
        columns_of(bars)
        | {
            "symbol": symbol,
            "timeframe": frame.value,
            "timestamp": np.array(sorted(rows), dtype=np.int64),
        },
    )


def columns_of(bars: Sequence[Aggregate]) -> dict[str, Any]:
    """The columns of historical_bars that the provider fills, one position per bar."""
    optional = ("volume", "vwap", "transactions")
    return {
        name: np.array([getattr(bar, name) for bar in bars]) for name in ("open", "high", "low", "close")
    } | {
        name: np.array([np.nan if (n := getattr(bar, name)) is None else n for bar in bars])
        for name in optional
    }


def _start_ms(bar: Aggregate, frame: Timeframe) -> int:
    """Daily bars are stamped at midnight or at the close, by endpoint: only their date counts."""
    if frame == Timeframe.DAY:
        return midnight_ms(session_date(clock.instant(bar.start_ms)))
    return bar.start_ms


def _sum_up(symbol: str, frame: Timeframe, finished: Sequence[Span]) -> None:
    base = SUMMED_FROM[frame]
    first, last = finished[0].start_ms, finished[-1].end_ms
    partitions.ensure(_TABLE, first, finished[-1].start_ms)
    with connection.cursor() as cursor:
        cursor.execute(
            _SUM_UP,
            {
                "timeframe": frame.value,
                "base": base.value,
                "symbol": symbol,
                "starts": [span.start_ms for span in finished],
                "ends": [span.end_ms for span in finished],
                "first": first,
                "last": last,
            },
        )


def _read(symbol: str, frame: Timeframe, first_ms: int, last_ms: int) -> Bars:
    with connection.cursor() as cursor:
        cursor.execute(_READ, [symbol, frame.value, first_ms, last_ms])
        rows = cursor.fetchall()
    starts, *columns = zip(*rows, strict=True) if rows else ((),) * 8
    floats = [np.array([np.nan if n is None else n for n in column], dtype=np.float64) for column in columns]
    return Bars(np.array(starts, dtype=np.int64), *floats)


@dataclass(frozen=True, slots=True)
class SessionBars:
    """How many bars of a session stand in the table; `detail` says why where they were not fetched."""

    symbol: str
    session: date
    minutes: int = 0
    days: int = 0
    detail: str = ""

    def __str__(self) -> str:
        held = self.detail or f"{self.minutes} minute bars, {self.days} daily"
        return f"{self.symbol} {self.session}: {held}"


def store_session_bars(
    symbol: str,
    session: date,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> SessionBars:
    """Fetches a watched symbol's minute and daily bars of a closed session, once.

    A provider that fails, or has not finished the session's daily bar, fails the run, to be tried again; a plan
    without this data ends it.
    """
    with runs.claim(STORE_TASK, symbol, close_ms(session)) as run:
        if isinstance(run, runs.Refusal):
            return SessionBars(symbol, session, detail=str(run))
        ticker = queries.watchlist_entry(symbol).provider_symbol
        try:
            days = len(historical_bars(ticker, Timeframe.DAY, session, session, connect))
            minutes = len(historical_bars(ticker, Timeframe.MINUTE, session, session, connect))
        except (NotEntitled, NotFound) as error:
            runs.finish(run, rows=0, result={"refused": str(error)})
            return SessionBars(symbol, session, detail=str(error))
        except ProviderError as error:
            runs.fail(run, str(error))
            return SessionBars(symbol, session, detail=str(error))
        if not days:
            runs.fail(run, NOT_FINISHED)
            return SessionBars(symbol, session, detail=NOT_FINISHED)
        runs.finish(run, rows=days + minutes)
    return SessionBars(symbol, session, minutes, days)
