"""Reading of bars from the table, fetching from the provider only what was never fetched.

Bars cover the exchange's sessions without trading before and after, and only finished bars are stored. On a delayed
plan a bar is finished 15 minutes later, when the provider's data reach its end. Stock prices are adjusted for splits
as of the time they were fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from ingestion import fetched_ranges
from ingestion.bars.bar_times import (
    FETCHED,
    SUMMED_FROM,
    Spans,
    close_ms,
    midnight_ms,
    open_ms,
    spans,
    whole_weeks,
)
from ingestion.fetched_ranges import Stretch
from ingestion.provider_client import massive_client
from provider.pagination import Pages
from provider.records import Aggregate
from provider.symbols import bare
from quant import sessions
from quant.chain import Floats
from quant.sessions import new_york_date
from warehouse import clock, partitions, runs
from warehouse.column_queries import read_columns
from warehouse.loading import bulk
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe
from warehouse.task_names import RunTask

PLAN_DELAY_MS = 15 * 60 * 1000
_TABLE = HistoricalBar._meta.db_table

_READ = """
SELECT "timestamp", open, high, low, close, volume, vwap, transactions FROM historical_bars
WHERE symbol = %(symbol)s AND timeframe = %(timeframe)s AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
_NUMBERS = ("open", "high", "low", "close", "volume", "vwap", "transactions")
_KINDS = dict.fromkeys(("timestamp", *_NUMBERS), "double precision")  # epoch ms are whole up to 2 ** 53
# Each wanted bar (its start and end) with the shorter bars in it. The outer bounds repeat the join condition, so that
# the planner skips other partitions.
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
    """The method of the provider's client that returns bars."""

    def aggregates(
        self, ticker: str, multiplier: int, timespan: Any, first: Any, last: Any
    ) -> Pages[Aggregate]: ...


@dataclass(frozen=True, slots=True)
class Bars:
    """Finished bars, oldest first, all of shape (n,).

    Starts are epoch ms, prices dollars or index points. Values that the provider does not send are NaN, for example
    volumes of indices.
    """

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

    def between(self, first_ms: int, until_ms: int) -> Bars:
        """Return the bars that start at `first_ms` or later and before `until_ms`, epoch ms."""
        rows = slice(*np.searchsorted(self.start_ms, (first_ms, until_ms)))
        return Bars(self.start_ms[rows], **{name: getattr(self, name)[rows] for name in _NUMBERS})


class StoredBars(NamedTuple):
    """Bars that were fetched and stored: `rows` new ones; all bars up to `until_ms` (epoch ms) are known.

    `is_complete` is false where the provider does not have the newest bars yet.
    """

    rows: int
    until_ms: int
    is_complete: bool


def historical_bars(
    ticker: str,
    timeframe: str,
    first: date,
    last: date,
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> Bars:
    """Return the finished bars of the sessions from `first` to `last` inclusive, or of the weeks that contain them.

    `ticker` is the provider's: SPY, I:SPX, O:SPXW251219C06475000; the table stores it without I:. Timeframes that the
    provider does not have are summed in the database. Must not run inside a transaction.

    Raises ValueError for an unknown timeframe, one of provider.errors when the provider fails, and OutOfRangeError for
    dates outside retention.
    """
    frame = Timeframe(timeframe)
    weekly = frame == Timeframe.WEEK
    days = whole_weeks(first, last) if weekly else sessions.sessions(first, last)
    days = [day for day in days if open_ms(day) < now_ms]
    symbol, wanted = bare(ticker), spans(frame, days)
    if not days:
        return _read(symbol, frame, 0, -1)
    known_ms = _fetch_missing(ticker, SUMMED_FROM.get(frame, frame), days, now_ms, connect).until_ms
    bounds = int(wanted.start_ms[0]), int(wanted.start_ms[-1])
    bars = _read(symbol, frame, *bounds)
    if frame in SUMMED_FROM:
        finished = wanted.pick(wanted.end_ms <= known_ms)
        if len(bars) < len(finished.start_ms):
            _sum_up(symbol, frame, finished)
            bars = _read(symbol, frame, *bounds)
    return bars


def ensure_bars(
    ticker: str,
    frame: Timeframe,
    first: date,
    last: date,
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> StoredBars:
    """Fetch and store missing bars like `historical_bars`, without reading them. `frame` is one of `FETCHED`."""
    days = [day for day in sessions.sessions(first, last) if open_ms(day) < now_ms]
    return _fetch_missing(ticker, frame, days, now_ms, connect) if days else StoredBars(0, 0, True)


def task_of(frame: Timeframe) -> str:
    """Return the name under which fetched bars of this timeframe are recorded: as a range, and as a run."""
    return f"{RunTask.BARS}_{frame.value}"


def _fetch_missing(
    ticker: str,
    frame: Timeframe,
    days: Sequence[date],
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]],
) -> StoredBars:
    """Fetch and store what is not recorded as fetched."""
    task, symbol = task_of(frame), bare(ticker)
    ends = spans(frame, days).end_ms
    wanted = Stretch(close_ms(sessions.previous_session(days[0])), int(ends[ends <= now_ms].max(initial=0)))
    gaps = (
        fetched_ranges.missing(wanted, fetched_ranges.covered(task, symbol, wanted))
        if wanted.until_ms
        else []
    )
    rows = 0
    if not gaps:
        return StoredBars(rows, wanted.until_ms, True)
    with connect() as client:
        for gap in gaps:
            stored = _fetch(client, task, ticker, frame, gap)
            rows += stored.rows
            if not stored.is_complete:  # the provider has no later data yet
                return StoredBars(rows, stored.until_ms, False)
    return StoredBars(rows, wanted.until_ms, True)


def _fetch(client: BarsClient, task: str, ticker: str, frame: Timeframe, gap: Stretch) -> StoredBars:
    """Fetch one time range and store its finished bars."""
    first, last = (new_york_date(clock.instant(at_ms)) for at_ms in (gap.after_ms, gap.until_ms))
    if clock.epoch_ms(sessions.close_of(first)) <= gap.after_ms:
        first = sessions.next_session(first)
    pages = client.aggregates(ticker, *FETCHED[frame], first, last)
    seen_ms = min(pages.fetched_at_ms, default=gap.after_ms) - (PLAN_DELAY_MS if pages.status_delayed else 0)
    every = spans(frame, sessions.sessions(first, last))
    inside = every.pick((every.end_ms > gap.after_ms) & (every.end_ms <= min(gap.until_ms, seen_ms)))
    if not len(inside.end_ms):
        return StoredBars(0, gap.after_ms, False)
    known = Stretch(gap.after_ms, int(inside.end_ms.max()))
    rows = store(task, bare(ticker), frame, known, _of_spans(pages.rows, frame, inside))
    return StoredBars(rows, known.until_ms, known.until_ms == gap.until_ms)


def _of_spans(rows: Sequence[Aggregate], frame: Timeframe, wanted: Spans) -> Bars:
    """Return the bars of the wanted times; of two bars with one start, the later row."""
    # Endpoints stamp daily bars at midnight or at the close, so only their date is used.
    stamps = (midnight_ms(new_york_date(clock.instant(row.start_ms))) for row in rows)
    starts = stamps if frame == Timeframe.DAY else (row.start_ms for row in rows)
    start_ms = np.fromiter(starts, np.int64, len(rows))
    order = np.argsort(start_ms, kind="stable")
    ordered = start_ms[order]
    is_last = np.append(ordered[1:] != ordered[:-1], True)[: len(rows)]
    selected = order[is_last & np.isin(ordered, wanted.start_ms)]
    return Bars(start_ms[selected], **{name: column[selected] for name, column in columns_of(rows).items()})


def store(task: str, symbol: str, frame: Timeframe, fetched: Stretch, bars: Bars) -> int:
    """Store bars and record the time range as fetched; return the number of new rows.

    Rows and range are also stored when the run is done or another worker holds it.
    """
    if len(bars):
        partitions.ensure(_TABLE, int(bars.start_ms[0]), int(bars.start_ms[-1]))
    with runs.claim(task, symbol, fetched.until_ms) as run, transaction.atomic():
        inserted = _insert(symbol, frame, bars) if len(bars) else 0
        fetched_ranges.record(task, [(symbol, fetched)])
        if isinstance(run, runs.Run):
            runs.finish(run, rows=inserted)
    return inserted


def _insert(symbol: str, frame: Timeframe, bars: Bars) -> int:
    key = {"symbol": symbol, "timeframe": frame.value, "timestamp": bars.start_ms}
    return bulk.insert_rows(HistoricalBar, key | {name: getattr(bars, name) for name in _NUMBERS})


def columns_of(bars: Sequence[Aggregate]) -> dict[str, Any]:
    """Return the columns of historical_bars that the provider sends, one entry per bar, NaN where missing."""
    # One loop over the bars takes half the time of one loop per column.
    rows = [(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.transactions) for bar in bars]
    columns = zip(*rows, strict=True) if rows else ((),) * len(_NUMBERS)
    return {name: np.array(column, dtype=np.float64) for name, column in zip(_NUMBERS, columns, strict=True)}


def _sum_up(symbol: str, frame: Timeframe, finished: Spans) -> None:
    base = SUMMED_FROM[frame]
    first, last = int(finished.start_ms[0]), int(finished.end_ms[-1])
    partitions.ensure(_TABLE, first, int(finished.start_ms[-1]))
    with connection.cursor() as cursor:
        cursor.execute(
            _SUM_UP,
            {
                "timeframe": frame.value,
                "base": base.value,
                "symbol": symbol,
                "starts": finished.start_ms.tolist(),
                "ends": finished.end_ms.tolist(),
                "first": first,
                "last": last,
            },
        )


def _read(symbol: str, frame: Timeframe, first_ms: int, last_ms: int) -> Bars:
    wanted = {"symbol": symbol, "timeframe": frame.value, "first": first_ms, "last": last_ms}
    read = read_columns(_READ, wanted, _KINDS)
    order = np.argsort(read["timestamp"])
    starts, *numbers = (read[name][order] for name in _KINDS)
    return Bars(starts.astype(np.int64), *numbers)
