"""Bars of option contracts: one request per contract for the whole range, once.

Five-minute bars, those of the exchange's session: the trade behind a bar is then at most five minutes from the
underlying's price that it is compared with. Of quarter-hour bars the same comparison would be three times as rough,
of minute bars no better than the bid-ask bounce of the prices themselves. What has been fetched is noted where all
bars are, as stretches in the ledger, so that whoever asks for these bars later finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from ingestion import coverage
from ingestion.bar_times import FETCHED, MINUTE_MS, close_ms, open_ms
from ingestion.bars import PLAN_DELAY_MS, BarsClient, columns_of, task_of
from ingestion.coverage import Stretch
from ingestion.massive import massive_client
from provider.errors import NotFound
from provider.records import Aggregate
from provider.walk import Pages
from quant import sessions
from warehouse import bulk, clock, partitions, runs
from warehouse.models import HistoricalBar
from warehouse.models.enums import Timeframe

FRAME = Timeframe.FIVE_MINUTES
FRAME_MS = FETCHED[FRAME][0] * MINUTE_MS
TASK = task_of(FRAME)
_TABLE = HistoricalBar._meta.db_table


@dataclass(frozen=True, slots=True)
class FetchedBars:
    """What one contract took: `requests` sent, `rows` kept in historical_bars, bars left out by reason:
    outside_session, zero_volume, unfinished, not_found, and what the provider sent malformed. `empty` without any."""

    requests: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One contract's bars as they are to be kept, oldest first, and the stretch that is known with them; `requests`
    were sent for it."""

    ticker: str
    known: Stretch
    start_ms: NDArray[np.int64]
    bars: Sequence[Aggregate]
    rejected: Counter[str]
    requests: int

    @property
    def is_known(self) -> bool:
        """Whether the provider has seen any of the stretch; else there is nothing to keep, not even that."""
        return self.known.until_ms > self.known.after_ms


def ensure_option_bars(
    contract_ticker: str,
    first: date,
    last: date,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> FetchedBars:
    """Has the bars of one contract for the sessions from `first` to `last` in historical_bars.

    What the ledger knows costs no request; the rest is one, whatever its length. Rows and the note that they are
    fetched are committed together. Raises one of provider.errors where the provider fails, OutOfRangeError for dates
    the table does not retain. Not inside a transaction.
    """
    known = coverage.covered(TASK, contract_ticker)
    answer = fetch_option_bars(contract_ticker, first, last, known, connect)
    if answer is None:
        return FetchedBars()
    if not answer.is_known:
        return FetchedBars(answer.requests)
    store_together([answer])
    return FetchedBars(answer.requests, len(answer.bars), answer.rejected, empty=not answer.bars)


def fetch_option_bars(
    contract_ticker: str,
    first: date,
    last: date,
    known: Sequence[Stretch],
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> Answer | None:
    """The bars of one contract that are not `known`, for `store_together`; None where all are. Asks the provider alone,
    and raises one of provider.errors where it fails."""
    now_ms = clock.now_ms()
    days = [day for day in sessions.sessions(first, last) if open_ms(day) < now_ms]
    if not days:
        return None
    wanted = Stretch(close_ms(sessions.previous_session(days[0])), min(close_ms(days[-1]), now_ms))
    gaps = coverage.missing(wanted, known)
    if not gaps:
        return None
    # From the first gap to the last in one go: what lies between was fetched before, and is left alone by its key.
    gap = Stretch(gaps[0].after_ms, gaps[-1].until_ms)
    with connect() as client:
        try:
            pages = client.aggregates(contract_ticker, *FETCHED[FRAME], *_days_of(gap, days))
        except NotFound:  # listed once and forgotten since: as good as one that never traded
            pages = Pages(rejected=Counter(not_found=1), fetched_at_ms=[now_ms])
    return _checked(contract_ticker, gap, days, pages)


def _days_of(gap: Stretch, days: Sequence[date]) -> tuple[date, date]:
    """The first and the last session that reaches into the stretch."""
    inside = [day for day in days if close_ms(day) > gap.after_ms and open_ms(day) < gap.until_ms]
    return inside[0], inside[-1]


def store_together(answers: Sequence[Answer]) -> None:
    """Stores the bars of contracts and notes that they are fetched, all in one commit. Whoever asked for the same at
    the same time did so in vain, and nothing else: bars are kept once."""
    answers = sorted(
        answers, key=lambda answer: answer.ticker
    )  # two writers of the same wait instead of deadlocking
    lengths = [len(answer.start_ms) for answer in answers]
    starts = np.concatenate([answer.start_ms for answer in answers])
    rows = [bar for answer in answers for bar in answer.bars]
    if rows:
        partitions.ensure(_TABLE, int(starts.min()), int(starts.max()))
    known = coverage.covered_by(TASK, [answer.ticker for answer in answers])
    done = [
        runs.Done(
            answer.ticker,
            answer.known.until_ms,
            rows=length,
            rejected=answer.rejected,
            result={coverage.FROM: coverage.joined_start(answer.known, known.get(answer.ticker, []))},
        )
        for answer, length in zip(answers, lengths, strict=True)
    ]
    with transaction.atomic():
        if rows:
            tickers = np.repeat(np.array([answer.ticker for answer in answers]), lengths)
            columns = columns_of(rows) | {"symbol": tickers, "timeframe": FRAME.value, "timestamp": starts}
            bulk.insert_rows(HistoricalBar, columns)
        runs.note_done(TASK, done)


def _checked(ticker: str, gap: Stretch, days: Sequence[date], pages: Pages[Aggregate]) -> Answer:
    """What of an answer is to be kept. The provider may not have seen the newest sessions, or any, yet."""
    seen_ms = min(pages.fetched_at_ms, default=gap.after_ms) - (PLAN_DELAY_MS if pages.status_delayed else 0)
    known = Stretch(gap.after_ms, min(gap.until_ms, seen_ms))
    starts = np.array([bar.start_ms for bar in pages.rows], dtype=np.int64)
    keep, rejected = _check(starts, pages.rows, days, known.until_ms)
    rejected.update(pages.rejected)
    kept = [bar for bar, stays in zip(pages.rows, keep.tolist(), strict=True) if stays]
    return Answer(ticker, known, starts[keep], kept, rejected, pages.pages)


def _check(
    starts: NDArray[np.int64], bars: Sequence[Aggregate], days: Sequence[date], until_ms: int
) -> tuple[NDArray[np.bool_], Counter[str]]:
    """Which bars count: of a session, finished, with a trade in them."""
    opens = np.array([open_ms(day) for day in days], dtype=np.int64)
    closes = np.array([close_ms(day) for day in days], dtype=np.int64)
    place = np.maximum(np.searchsorted(opens, starts, side="right") - 1, 0)
    volume = np.array([np.nan if bar.volume is None else bar.volume for bar in bars], dtype=np.float64)
    reasons = {
        # index options trade a quarter of an hour longer, some through the night
        "outside_session": (starts < opens[place]) | (starts >= closes[place]),
        "unfinished": starts + FRAME_MS > until_ms,
        "zero_volume": ~(volume > 0),
    }
    keep = np.ones(len(starts), dtype=np.bool_)
    rejected: Counter[str] = Counter()
    for reason, applies in reasons.items():
        rejected[reason] = int(np.count_nonzero(keep & applies))
        keep &= ~applies
    return keep, +rejected
