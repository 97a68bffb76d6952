"""Start and end times of bars by the exchange's sessions, not by clock hours. Pure; times in epoch ms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from provider.client import Timespan
from quant.sessions import MINUTE_MS, NEW_YORK, close_of, open_of, previous_session, sessions
from warehouse import clock
from warehouse.models.enums import Timeframe

# Timeframes requested from the provider. The others are summed from these, because the provider's hours begin at 9:00
# and include trades before the open, and its weeks begin on Sunday.
FETCHED: dict[Timeframe, tuple[int, Timespan]] = {
    Timeframe.MINUTE: (1, "minute"),
    Timeframe.FIVE_MINUTES: (5, "minute"),
    Timeframe.QUARTER_HOUR: (15, "minute"),
    Timeframe.DAY: (1, "day"),
}
SUMMED_FROM = {
    Timeframe.HOUR: Timeframe.QUARTER_HOUR,
    Timeframe.FOUR_HOURS: Timeframe.QUARTER_HOUR,
    Timeframe.WEEK: Timeframe.DAY,
}
_HOURS = {Timeframe.HOUR: 1, Timeframe.FOUR_HOURS: 4}


class Spans(NamedTuple):
    """Times of bars, oldest first, shape (n,): `start_ms` as stored, `end_ms` when the bar is finished."""

    start_ms: NDArray[np.int64]
    end_ms: NDArray[np.int64]

    def pick(self, rows: NDArray[np.bool_]) -> Spans:
        return Spans(self.start_ms[rows], self.end_ms[rows])


@lru_cache(maxsize=4096)
def midnight_ms(day: date) -> int:
    """Return midnight New York, the start of a daily bar."""
    return clock.epoch_ms(datetime.combine(day, time(tzinfo=NEW_YORK)))


@lru_cache(maxsize=4096)
def open_ms(day: date) -> int:
    """Return the open of a session. Raises ValueError for a date without one."""
    return clock.epoch_ms(open_of(day))


@lru_cache(maxsize=4096)
def close_ms(day: date) -> int:
    """Return the close of a session. Raises ValueError for a date without one."""
    return clock.epoch_ms(close_of(day))


def range_ms(first: date, last: date) -> tuple[int, int]:
    """Return the first and the last millisecond of the days from `first` to `last`, New York, both included."""
    return midnight_ms(first), midnight_ms(last + timedelta(days=1)) - 1


def spans(timeframe: Timeframe, days: Sequence[date]) -> Spans:
    """Return the times of every bar of the given sessions.

    Hours count from the open, so the last one of a session may be shorter. A daily bar ends at the session's close, a
    weekly bar (stamped Monday, midnight) at the close of its last session.
    """
    if timeframe == Timeframe.DAY:
        return _spans([midnight_ms(day) for day in days], [close_ms(day) for day in days])
    if timeframe == Timeframe.WEEK:
        mondays = sorted({day - timedelta(days=day.weekday()) for day in days})
        ends = [close_ms(previous_session(monday + timedelta(days=7))) for monday in mondays]
        return _spans([midnight_ms(monday) for monday in mondays], ends)
    minutes = FETCHED[timeframe][0] if timeframe in FETCHED else 60 * _HOURS[timeframe]
    opens, closes = _spans([open_ms(day) for day in days], [close_ms(day) for day in days])
    step_ms = minutes * MINUTE_MS
    bars = -((opens - closes) // step_ms)
    place = np.arange(bars.sum()) - np.repeat(np.cumsum(bars) - bars, bars)
    starts = np.repeat(opens, bars) + step_ms * place
    return Spans(starts, np.minimum(starts + step_ms, np.repeat(closes, bars)))


def _spans(starts: Sequence[int], ends: Sequence[int]) -> Spans:
    return Spans(np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64))


def whole_weeks(first: date, last: date) -> list[date]:
    """Return the sessions of all weeks that contain a day from `first` to `last`."""
    monday = first - timedelta(days=first.weekday())
    return sessions(monday, last + timedelta(days=6 - last.weekday()))
