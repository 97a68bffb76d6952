"""Bars of option contracts, fetched with one request per contract for the whole range.

The bars are five minutes long and lie inside the exchange's session, so the trade behind a bar is at most five
minutes away from the underlying's price with which it is compared. With bars of 15 minutes this comparison would
be three times as imprecise; with bars of one minute it would not improve, because the bid-ask bounce of the
prices dominates. Fetched ranges are recorded like those of all bars, so they are not fetched twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, reduce
from typing import NamedTuple

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from ingestion import fetched_ranges
from ingestion.bars.bar_times import FETCHED, close_ms, open_ms
from ingestion.bars.historical_bars import PLAN_DELAY_MS, BarsClient, columns_of, task_of
from ingestion.fetched_ranges import Stretch
from ingestion.provider_client import massive_client
from provider.errors import NotFound
from provider.pagination import Pages
from provider.records import Aggregate
from quant import sessions
from quant.chain import Floats
from quant.sessions import MINUTE_MS
from warehouse import partitions, runs
from warehouse.loading import bulk
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe

FRAME = Timeframe.FIVE_MINUTES
FRAME_MS = FETCHED[FRAME][0] * MINUTE_MS
TASK = task_of(FRAME)
_TABLE = HistoricalBar._meta.db_table


@dataclass(frozen=True, slots=True)
class FetchedBars:
    """Result for one contract: `requests` sent, `rows` stored in historical_bars, and rejected bars by reason.

    Reasons: outside_session, zero_volume, unfinished, not_found, and those of malformed bars. `empty` means that
    the contract has no bars, `is_complete` that the provider had the bars up to the end of the last session.
    """

    requests: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    empty: bool = False
    is_complete: bool = True


@dataclass(frozen=True, slots=True)
class ContractBars:
    """Bars of one contract to be stored, oldest first: columns of historical_bars, their starts in epoch ms.

    `covered` is the stretch for which these are all bars; it took `requests` requests. It ends at `until_ms`, the end
    of the requested stretch, or earlier where the provider does not have the newest sessions yet.
    """

    ticker: str
    covered: Stretch
    until_ms: int
    start_ms: NDArray[np.int64]
    columns: Mapping[str, Floats]
    rejected: Counter[str]
    requests: int

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def has_coverage(self) -> bool:
        """Whether the provider has data for any part of the stretch; otherwise there is nothing to store."""
        return self.covered.until_ms > self.covered.after_ms

    @property
    def is_complete(self) -> bool:
        """Whether the provider had the bars up to the end of the requested stretch."""
        return self.covered.until_ms == self.until_ms


def ensure_option_bars(
    contract_ticker: str,
    first: date,
    last: date,
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> FetchedBars:
    """Fetch and store the bars of one contract for the sessions from `first` to `last` that are not stored yet.

    Recorded stretches need no request; the rest is one request of any length. Rows and the record that they
    were fetched are one commit. Raises one of provider.errors when the provider fails, and OutOfRangeError for
    dates outside the retention of the table. Do not call it inside a transaction.
    """
    known = fetched_ranges.covered(TASK, contract_ticker)
    result = fetch_option_bars(contract_ticker, first, last, known, now_ms, connect)
    if result is None:
        return FetchedBars()
    if not result.has_coverage:
        return FetchedBars(result.requests, is_complete=False)
    store_contract_bars([result])
    return FetchedBars(
        result.requests,
        len(result),
        result.rejected,
        empty=not len(result),
        is_complete=result.is_complete,
    )


def fetch_option_bars(
    contract_ticker: str,
    first: date,
    last: date,
    known: Sequence[Stretch],
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> ContractBars | None:
    """Fetch the bars of one contract that are outside the stretches `known`; None if there are none.

    The result is for `store_contract_bars`. Reads no table. Raises one of provider.errors when the provider
    fails.
    """
    times = _session_times(first, last).opened_by(now_ms)
    if not times.days:
        return None
    needed = Stretch(close_ms(sessions.previous_session(times.days[0])), min(int(times.closes[-1]), now_ms))
    gaps = fetched_ranges.missing(needed, known)
    if not gaps:
        return None
    # One request covers everything from the first gap to the last. Bars between the gaps were stored before and are
    # skipped because of their key.
    gap = Stretch(gaps[0].after_ms, gaps[-1].until_ms)
    with connect() as client:
        try:
            pages = client.aggregates(contract_ticker, *FETCHED[FRAME], *times.overlapping(gap))
        except NotFound:  # no longer known to the provider: treated like a contract that never traded
            pages = Pages(rejected=Counter(not_found=1), fetched_at_ms=[now_ms])
    return _to_contract_bars(contract_ticker, gap, times, pages)


class _SessionTimes(NamedTuple):
    """Sessions, oldest first, with their opens and closes in epoch ms, shape (n,)."""

    days: Sequence[date]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]

    def opened_by(self, now_ms: int) -> _SessionTimes:
        """Return the sessions that have opened by `now_ms`."""
        count = int(np.searchsorted(self.opens, now_ms))
        return _SessionTimes(self.days[:count], self.opens[:count], self.closes[:count])

    def overlapping(self, gap: Stretch) -> tuple[date, date]:
        """Return the first and the last session that overlap a stretch."""
        inside = np.flatnonzero((self.closes > gap.after_ms) & (self.opens < gap.until_ms))
        return self.days[inside[0]], self.days[inside[-1]]


@lru_cache(maxsize=4096)  # thousands of contracts have the same few hundred ranges
def _session_times(first: date, last: date) -> _SessionTimes:
    days = sessions.sessions(first, last)
    opens = np.array([open_ms(day) for day in days], dtype=np.int64)
    return _SessionTimes(days, opens, np.array([close_ms(day) for day in days], dtype=np.int64))


def store_contract_bars(contract_bars: Sequence[ContractBars]) -> None:
    """Store the bars of several contracts and record that they were fetched, in one commit.

    If another process stores the same bars concurrently, each bar is stored once.
    """
    # The order lets two writers of the same contracts wait for each other instead of deadlocking.
    contract_bars = sorted(contract_bars, key=lambda one: one.ticker)
    starts = np.concatenate([one.start_ms for one in contract_bars])
    if len(starts):
        partitions.ensure(_TABLE, int(starts.min()), int(starts.max()))
    done = [runs.Done(one.ticker, one.covered.until_ms, len(one), one.rejected) for one in contract_bars]
    with transaction.atomic():
        if len(starts):
            tickers = np.repeat([one.ticker for one in contract_bars], [len(one) for one in contract_bars])
            columns = {
                name: np.concatenate([one.columns[name] for one in contract_bars])
                for name in contract_bars[0].columns
            }
            key = {"symbol": tickers, "timeframe": FRAME.value, "timestamp": starts}
            bulk.insert_rows(HistoricalBar, columns | key)
        fetched_ranges.record(TASK, [(one.ticker, one.covered) for one in contract_bars])
        runs.note_done(TASK, done)


def _to_contract_bars(
    ticker: str, gap: Stretch, times: _SessionTimes, pages: Pages[Aggregate]
) -> ContractBars:
    """Return the bars of an answer that are to be stored.

    A delayed provider may not have the newest sessions, or any, yet.
    """
    available_until_ms = min(pages.fetched_at_ms, default=gap.after_ms) - (
        PLAN_DELAY_MS if pages.status_delayed else 0
    )
    covered = Stretch(gap.after_ms, min(gap.until_ms, available_until_ms))
    starts = np.array([bar.start_ms for bar in pages.rows], dtype=np.int64)
    columns = columns_of(pages.rows)  # immediately, while the rows are still in the processor's cache
    keep, rejected = _filter_bars(starts, columns["volume"], times, covered.until_ms)
    rejected.update(pages.rejected)
    if not keep.all():
        starts, columns = starts[keep], {name: column[keep] for name, column in columns.items()}
    return ContractBars(ticker, covered, gap.until_ms, starts, columns, rejected, pages.pages)


def _filter_bars(
    starts: NDArray[np.int64], volume: Floats, times: _SessionTimes, until_ms: int
) -> tuple[NDArray[np.bool_], Counter[str]]:
    """Return which bars to keep (inside a session, ended, with a trade in them), and the others counted by reason."""
    session_index = np.maximum(np.searchsorted(times.opens, starts, side="right") - 1, 0)
    reasons = {
        # index options trade 15 minutes longer, some of them through the night
        "outside_session": (starts < times.opens[session_index]) | (starts >= times.closes[session_index]),
        "unfinished": starts + FRAME_MS > until_ms,
        "zero_volume": ~(volume > 0),
    }
    keep = ~reduce(np.logical_or, reasons.values())
    rejected: Counter[str] = Counter()
    if not keep.all():
        remaining = np.ones(len(starts), dtype=np.bool_)
        for reason, applies in reasons.items():
            rejected[reason] = int(np.count_nonzero(remaining & applies))
            remaining &= ~applies
    return keep, +rejected
