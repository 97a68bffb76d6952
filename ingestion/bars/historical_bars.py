"""Fetching of the bars that the table `historical_bars` does not have.

Bars cover the exchange's sessions without trading before and after, and only finished bars are stored. On a delayed
plan a bar is finished 15 minutes later, when the provider's data reach its end. Prices are as traded:
`warehouse.asof.adjusted_bars` applies splits on reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, NamedTuple, Protocol

import numpy as np

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
from ingestion.bars.sums import sum_bars
from ingestion.fetched_ranges import Stretch
from ingestion.provider_client import massive_client
from provider.pagination import Pages
from provider.records import Aggregate
from provider.symbols import bare
from quant import sessions
from quant.sessions import new_york_date
from warehouse import clock, partitions, queries, runs
from warehouse.asof import bars
from warehouse.asof.adjusted_bars import to_end_of_week
from warehouse.asof.bars import Bars
from warehouse.asof.corporate_actions import splits_of
from warehouse.loading import bulk, known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import HistoricalBar
from warehouse.models.enums import RunStatus, Timeframe
from warehouse.task_names import RunTask

PLAN_DELAY_MS = 15 * 60 * 1000
_TABLE = HistoricalBar._meta.db_table

NUMBERS = ("open", "high", "low", "close", "volume", "vwap", "transactions")


class BarsClient(Protocol):
    """The method of the provider's client that returns bars."""

    def aggregates(
        self, ticker: str, multiplier: int, timespan: Any, first: Any, last: Any
    ) -> Pages[Aggregate]: ...


class StoredBars(NamedTuple):
    """Bars that were fetched and stored: `rows` new ones; all bars up to `until_ms` (epoch ms) are known.

    `is_complete` is false where the provider does not have the newest bars yet.
    """

    rows: int
    until_ms: int
    is_complete: bool


def ensure_bars(
    ticker: str,
    timeframe: str,
    first: date,
    last: date,
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
    *,
    is_history: bool = False,
) -> StoredBars:
    """Fetch and store the missing finished bars of the sessions from `first` to `last`, or of the weeks around them.

    `warehouse.asof.bars.read` returns them afterwards. `ticker` is the provider's: SPY, I:SPX,
    O:SPXW251219C06475000; the table stores it without I:. Timeframes that the provider does not have are summed from
    shorter ones. With `is_history` bars of the last day too count as known from the time of a live bar, as if the
    warehouse had run; without it they are known from now on. Must not run inside a transaction.

    Raises ValueError for an unknown timeframe, one of provider.errors when the provider fails, and OutOfRangeError for
    dates outside retention.
    """
    frame = Timeframe(timeframe)
    days = whole_weeks(first, last) if frame == Timeframe.WEEK else sessions.sessions(first, last)
    days = [day for day in days if open_ms(day) < now_ms]
    if not days:
        return StoredBars(0, 0, True)
    fetched = _fetch_missing(ticker, SUMMED_FROM.get(frame, frame), days, now_ms, connect, is_history)
    wanted = spans(frame, days)
    finished = wanted.pick(wanted.end_ms <= fetched.until_ms)
    if frame in SUMMED_FROM and len(finished.start_ms):
        _sum_up(bare(ticker), frame, finished, is_history)
    return fetched


def fetch_session_again(client: BarsClient, ticker: str, frame: Timeframe, session: date) -> None:
    """Fetch all bars of a closed session, stored or not, unless this was done before.

    Missing ones are stored; the run counts the stored ones that differ. Raises as `ensure_bars`.
    """
    whole = Stretch(close_ms(sessions.previous_session(session)), close_ms(session))
    done = queries.run_statuses(task_of(frame), bare(ticker), whole.until_ms)
    if done.get(whole.until_ms) != RunStatus.DONE:
        _fetch(client, task_of(frame), ticker, frame, whole)


def task_of(frame: Timeframe) -> str:
    """Return the name under which fetched bars of this timeframe are recorded: as a range, and as a run."""
    return f"{RunTask.BARS}_{frame.value}"


def _fetch_missing(
    ticker: str,
    frame: Timeframe,
    days: Sequence[date],
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]],
    is_history: bool,
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
            stored = _fetch(client, task, ticker, frame, gap, is_history)
            rows += stored.rows
            if not stored.is_complete:  # the provider has no later data yet
                return StoredBars(rows, stored.until_ms, False)
    return StoredBars(rows, wanted.until_ms, True)


def _fetch(
    client: BarsClient, task: str, ticker: str, frame: Timeframe, gap: Stretch, is_history: bool = False
) -> StoredBars:
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
    rows = store(task, bare(ticker), frame, known, bars_of_spans(pages.rows, frame, inside), is_history)
    return StoredBars(rows, known.until_ms, known.until_ms == gap.until_ms)


def bars_of_spans(rows: Sequence[Aggregate], frame: Timeframe, wanted: Spans) -> Bars:
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


def store(
    task: str, symbol: str, frame: Timeframe, fetched: Stretch, found: Bars, is_history: bool = False
) -> int:
    """Store bars and record the time range as fetched; return the number of new rows.

    A bar that is stored already stays as it is. The run counts the fetched bars that differ from stored ones. Rows and
    range are also stored when the run is done or another worker holds it.
    """
    if len(found):
        partitions.ensure(_TABLE, int(found.start_ms[0]), int(found.start_ms[-1]))
    with runs.claim(task, symbol, fetched.until_ms) as run:

        def insert() -> int:
            inserted = insert_bars(symbol, frame, found, is_history) if len(found) else 0
            differing = count_differing(symbol, frame, found) if inserted < len(found) else 0
            fetched_ranges.record(task, [(symbol, fetched)])
            if isinstance(run, runs.Run):
                runs.finish(
                    run, rows=inserted, result={"different_from_stored": differing} if differing else None
                )
            return inserted

        return store_in_time(insert)


def count_differing(symbol: str, frame: Timeframe, found: Bars) -> int:
    """Return how many bars have another value than the stored bar of the same start, which must exist."""
    stored = bars.read(symbol, frame, int(found.start_ms[0]), int(found.start_ms[-1]))
    place = np.searchsorted(stored.start_ms, found.start_ms)
    different = np.zeros(len(found), dtype=np.bool_)
    for name in NUMBERS:
        one, other = getattr(found, name), getattr(stored, name)[place]
        different |= (one != other) & ~(np.isnan(one) & np.isnan(other))
    return int(np.count_nonzero(different))


def insert_bars(symbol: str, frame: Timeframe, new: Bars, is_history: bool = False) -> int:
    """Insert the bars that are not stored yet, inside a transaction of `store_in_time`; return their number.

    With `is_history` they count as known from the time of a live bar.
    """
    key = {"symbol": symbol, "timeframe": frame.value, "timestamp": new.start_ms}
    if is_history:
        key["known_at"] = known_at.of_bars(new.start_ms, frame)
    return bulk.insert_rows(HistoricalBar, key | {name: getattr(new, name) for name in NUMBERS})


def columns_of(found: Sequence[Aggregate]) -> dict[str, Any]:
    """Return the columns of historical_bars that the provider sends, one entry per bar, NaN where missing."""
    # One loop over the bars takes half the time of one loop per column.
    rows = [(bar.open, bar.high, bar.low, bar.close, bar.volume, bar.vwap, bar.transactions) for bar in found]
    columns = zip(*rows, strict=True) if rows else ((),) * len(NUMBERS)
    return {name: np.array(column, dtype=np.float64) for name, column in zip(NUMBERS, columns, strict=True)}


def _sum_up(symbol: str, frame: Timeframe, finished: Spans, is_history: bool) -> None:
    """Sum and store the finished bars that are not stored yet."""
    first, last = int(finished.start_ms[0]), int(finished.start_ms[-1])
    stored = bars.read(symbol, frame, first, last)
    unstored = finished.pick(~np.isin(finished.start_ms, stored.start_ms))
    if not len(unstored.start_ms):
        return
    summed = summed_bars(symbol, frame, unstored)
    if len(summed):
        partitions.ensure(_TABLE, int(summed.start_ms[0]), int(summed.start_ms[-1]))
        store_in_time(lambda: insert_bars(symbol, frame, summed, is_history))


def summed_bars(symbol: str, frame: Timeframe, wanted: Spans, part: Timeframe | None = None) -> Bars:
    """Return bars of a longer timeframe, summed from the stored shorter ones; `wanted` must not be empty.

    `part` is the shorter timeframe, by default that of SUMMED_FROM. A week with a split is summed per share of its end.
    """
    parts = bars.read(symbol, part or SUMMED_FROM[frame], int(wanted.start_ms[0]), int(wanted.end_ms[-1]) - 1)
    if frame == Timeframe.WEEK:
        days = (new_york_date(clock.instant(int(at_ms))) for at_ms in (wanted.start_ms[0], wanted.end_ms[-1]))
        parts = to_end_of_week(parts, splits_of([symbol], *days).get(symbol, ()))
    return sum_bars(parts, wanted)
