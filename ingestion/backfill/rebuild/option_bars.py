"""Bars of option contracts: one request per contract for the whole range, once.

Five-minute bars, those of the exchange's session: the trade behind a bar is then at most five minutes from the
underlying's price that it is compared with. Of quarter-hour bars the same comparison would be three times as rough,
of minute bars no better than the bid-ask bounce of the prices themselves. What has been fetched is noted where all
bars are, as stretches in the ledger, so that whoever asks for these bars later finds them.
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
    """What one contract took: `requests` sent, `rows` kept in historical_bars, bars left out by reason:
    outside_session, zero_volume, unfinished, not_found, and what the provider sent malformed. `empty` without any."""

    requests: int = 0
    rows: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    empty: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One contract's bars as they are to be kept, oldest first: columns of historical_bars, their starts in epoch ms.
    `known` is the stretch that is known with them; `requests` were sent for it."""

    ticker: str
    known: Stretch
    start_ms: NDArray[np.int64]
    numbers: Mapping[str, Floats]
    rejected: Counter[str]
    requests: int

    def __len__(self) -> int:
        return len(self.start_ms)

    @property
    def is_known(self) -> bool:
        """Whether the provider has seen any of the stretch; else there is nothing to keep, not even that."""
        return self.known.until_ms > self.known.after_ms


def ensure_option_bars(
    contract_ticker: str,
    first: date,
    last: date,
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> FetchedBars:
    """Has the bars of one contract for the sessions from `first` to `last` in historical_bars.

    What the ledger knows costs no request; the rest is one, whatever its length. Rows and the note that they are
    fetched are committed together. Raises one of provider.errors where the provider fails, OutOfRangeError for dates
    the table does not retain. Not inside a transaction.
    """
    known = fetched_ranges.covered(TASK, contract_ticker)
    answer = fetch_option_bars(contract_ticker, first, last, known, now_ms, connect)
    if answer is None:
        return FetchedBars()
    if not answer.is_known:
        return FetchedBars(answer.requests)
    store_together([answer])
    return FetchedBars(answer.requests, len(answer), answer.rejected, empty=not len(answer))


def fetch_option_bars(
    contract_ticker: str,
    first: date,
    last: date,
    known: Sequence[Stretch],
    now_ms: int,
    connect: Callable[[], AbstractContextManager[BarsClient]] = massive_client,
) -> Answer | None:
    """The bars of one contract that are not `known`, for `store_together`; None where all are. Asks the provider alone,
    and raises one of provider.errors where it fails."""
    hours = _hours(first, last).begun_by(now_ms)
    if not hours.days:
        return None
    wanted = Stretch(close_ms(sessions.previous_session(hours.days[0])), min(int(hours.closes[-1]), now_ms))
    gaps = fetched_ranges.missing(wanted, known)
    if not gaps:
        return None
    # From the first gap to the last in one go: what lies between was fetched before, and is left alone by its key.
    gap = Stretch(gaps[0].after_ms, gaps[-1].until_ms)
    with connect() as client:
        try:
            pages = client.aggregates(contract_ticker, *FETCHED[FRAME], *hours.reaching_into(gap))
        except NotFound:  # listed once and forgotten since: as good as one that never traded
            pages = Pages(rejected=Counter(not_found=1), fetched_at_ms=[now_ms])
    return _checked(contract_ticker, gap, hours, pages)


class _Hours(NamedTuple):
    """Sessions, oldest first, and when they open and close; epoch ms, shape (n,)."""

    days: Sequence[date]
    opens: NDArray[np.int64]
    closes: NDArray[np.int64]

    def begun_by(self, now_ms: int) -> _Hours:
        count = int(np.searchsorted(self.opens, now_ms))
        return _Hours(self.days[:count], self.opens[:count], self.closes[:count])

    def reaching_into(self, gap: Stretch) -> tuple[date, date]:
        """The first and the last session that reaches into the stretch."""
        inside = np.flatnonzero((self.closes > gap.after_ms) & (self.opens < gap.until_ms))
        return self.days[inside[0]], self.days[inside[-1]]


@lru_cache(maxsize=4096)  # thousands of contracts, the same few hundred ranges
def _hours(first: date, last: date) -> _Hours:
    days = sessions.sessions(first, last)
    opens = np.array([open_ms(day) for day in days], dtype=np.int64)
    return _Hours(days, opens, np.array([close_ms(day) for day in days], dtype=np.int64))


def store_together(answers: Sequence[Answer]) -> None:
    """Stores the bars of contracts and notes that they are fetched, all in one commit. Whoever asked for the same at
    the same time did so in vain, and nothing else: bars are kept once."""
    answers = sorted(
        answers, key=lambda answer: answer.ticker
    )  # two writers of the same wait instead of deadlocking
    starts = np.concatenate([answer.start_ms for answer in answers])
    if len(starts):
        partitions.ensure(_TABLE, int(starts.min()), int(starts.max()))
    known = fetched_ranges.covered_by(TASK, [answer.ticker for answer in answers])
    done = [
        runs.Done(
            answer.ticker,
            answer.known.until_ms,
            rows=len(answer),
            rejected=answer.rejected,
            result={
                fetched_ranges.FROM: fetched_ranges.joined_start(answer.known, known.get(answer.ticker, []))
            },
        )
        for answer in answers
    ]
    with transaction.atomic():
        if len(starts):
            tickers = np.repeat([answer.ticker for answer in answers], [len(answer) for answer in answers])
            numbers = {
                name: np.concatenate([answer.numbers[name] for answer in answers])
                for name in answers[0].numbers
            }
            key = {"symbol": tickers, "timeframe": FRAME.value, "timestamp": starts}
            bulk.insert_rows(HistoricalBar, numbers | key)
        runs.note_done(TASK, done)


def _checked(ticker: str, gap: Stretch, hours: _Hours, pages: Pages[Aggregate]) -> Answer:
    """What of an answer is to be kept. The provider may not have seen the newest sessions, or any, yet."""
    seen_ms = min(pages.fetched_at_ms, default=gap.after_ms) - (PLAN_DELAY_MS if pages.status_delayed else 0)
    known = Stretch(gap.after_ms, min(gap.until_ms, seen_ms))
    starts = np.array([bar.start_ms for bar in pages.rows], dtype=np.int64)
    numbers = columns_of(pages.rows)  # at once: soon the bars would no longer be in the processor's cache
    keep, rejected = _check(starts, numbers["volume"], hours, known.until_ms)
    rejected.update(pages.rejected)
    if not keep.all():
        starts, numbers = starts[keep], {name: column[keep] for name, column in numbers.items()}
    return Answer(ticker, known, starts, numbers, rejected, pages.pages)


def _check(
    starts: NDArray[np.int64], volume: Floats, hours: _Hours, until_ms: int
) -> tuple[NDArray[np.bool_], Counter[str]]:
    """Which bars count: of a session, finished, with a trade in them."""
    place = np.maximum(np.searchsorted(hours.opens, starts, side="right") - 1, 0)
    reasons = {
        # index options trade a quarter of an hour longer, some through the night
        "outside_session": (starts < hours.opens[place]) | (starts >= hours.closes[place]),
        "unfinished": starts + FRAME_MS > until_ms,
        "zero_volume": ~(volume > 0),
    }
    keep = ~reduce(np.logical_or, reasons.values())
    rejected: Counter[str] = Counter()
    if not keep.all():
        left = np.ones(len(starts), dtype=np.bool_)
        for reason, applies in reasons.items():
            rejected[reason] = int(np.count_nonzero(left & applies))
            left &= ~applies
    return keep, +rejected
