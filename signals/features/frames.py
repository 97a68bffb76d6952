"""Votes of the timeframes at each bar, from the bars of each frame that have ended by then.

Bars of 1 and 4 hours are built from those of 15 minutes, weeks from days. Each frame begins at an anchor of its own
(`signals.anchors`) and votes from its 60th bar on.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, replace

import numpy as np
from numpy.typing import NDArray

from quant.chain import Floats
from quant.market.frames import frame_votes
from quant.market.indicator_columns import average_true_range, exponential_mean
from quant.market.session_bars import SessionBars, longer
from signals.anchors import FOUR_HOUR_ANCHOR, HOUR_ANCHOR
from signals.features.context_columns import FrameColumns
from signals.features.history import EVALUATED_AFTER_MS, QUARTER_MS, History
from warehouse.asof.rows import Days, Times

FEWEST = 60  # bars of a frame
HOUR, FOUR_HOURS = 4, 16  # bars of 15 minutes
_WEEK = 5  # sessions at most


def frame_columns(
    rows: History, days: History, quarters: History | None, five: History | None
) -> FrameColumns:
    """Return the six votes at each bar of the evaluated session, shape (n, 6), NaN for a frame that is absent.

    `rows` are the bars that are evaluated, `days` the daily bars, `quarters` the bars of 15 minutes of the 128 sessions
    before, `five` those of 5 minutes; both are None for daily bars, on which frames within a day do not exist. A daily
    bar counts from the next session on, except when daily bars are evaluated.
    """
    votes = np.full((len(rows.bars), 6), np.nan)
    today = slice(rows.first_row, None)
    at_ms = rows.at_ms[today]
    weekly, week_ends_ms = _weeks(days)
    votes[today, 0] = _at(_votes(weekly), week_ends_ms, at_ms)
    votes[today, 1] = _at(_votes(days.bars), days.at_ms, at_ms)
    if quarters is not None and five is not None:
        for place, length, anchor in ((2, FOUR_HOURS, FOUR_HOUR_ANCHOR), (3, HOUR, HOUR_ANCHOR)):
            bars, ends_ms = _built(quarters, length, anchor)
            votes[today, place] = _at(_votes(bars), ends_ms, at_ms)
        votes[today, 4] = _at(_votes(rows.bars), rows.at_ms, at_ms)
        votes[today, 5] = _at(_votes(five.bars), five.at_ms, at_ms)
    return FrameColumns(known_at=rows.at_ms, votes=votes)


def _weeks(days: History) -> tuple[SessionBars, Times]:
    """Return weekly bars and when they are evaluated: after their last session.

    The week in which the daily bars begin is left out, because it may not be whole, and so is a week that has not
    ended with the evaluated session.
    """
    calendar, bars = days.calendar, days.bars
    week, place, ends_week = _weeks_of(calendar.days, calendar.following)
    number = bars.session
    whole = longer(replace(bars, session=week[number], slot=place[number], slots=np.bincount(week)), _WEEK)
    last = np.searchsorted(week, whole.session, side="right") - 1
    is_last = np.ones(len(calendar.days), dtype=bool)
    is_last[-1] = ends_week
    keep = (whole.session > 0) & is_last[last]
    delay_ms = int(days.at_ms[0] - days.end_ms[0]) if len(days.at_ms) else 0
    return _pick(whole, keep), calendar.close_ms[last][keep] + delay_ms


def _weeks_of(days: Days, following: dt.date) -> tuple[Times, Times, bool]:
    """Return the number of the week of each session and its place in the week, and whether the last one ends it.

    `following` is the session after the last one.
    """
    number = _week_numbers(days)
    week = np.searchsorted(np.unique(number), number)
    ends_week = _week_numbers(np.array([following], dtype="datetime64[D]"))[0] != number[-1]
    return week, np.arange(len(week)) - np.searchsorted(week, week), bool(ends_week)


def _week_numbers(days: Days) -> Times:
    """Return the number of the week of each day; weeks begin on Mondays, and 1970-01-01 was a Thursday."""
    return (days.astype(np.int64) + 3) // 7


def _built(quarters: History, length: int, anchor: int) -> tuple[SessionBars, Times]:
    """Return bars of `length` bars of 15 minutes of the last sessions, and when they are evaluated."""
    skipped = len(quarters.calendar.days) - 1 - anchor
    bars = quarters.bars
    recent = _pick(bars, bars.session >= skipped)
    built = longer(recent, length)
    calendar = quarters.calendar
    ends_ms = np.minimum(
        calendar.open_ms[built.session] + (built.slot + 1) * length * QUARTER_MS,
        calendar.close_ms[built.session],
    )
    delay_ms = int(quarters.at_ms[0] - quarters.end_ms[0]) if len(quarters.at_ms) else EVALUATED_AFTER_MS
    return built, ends_ms + delay_ms


def _votes(bars: SessionBars) -> Floats:
    """Return the vote at each bar of a frame, NaN for the first 59."""
    close = bars.close
    found = frame_votes(
        close,
        exponential_mean(close, 9),
        exponential_mean(close, 20),
        exponential_mean(close, 21),
        average_true_range(bars.high, bars.low, close) if len(close) else close,
    )
    return np.where(np.arange(len(close)) >= FEWEST - 1, found, np.nan)


def _at(votes: Floats, instants_ms: Times, at_ms: Times) -> Floats:
    """Return the vote of the last bar of a frame that had been evaluated at each instant."""
    place = np.searchsorted(instants_ms, at_ms, side="right") - 1
    return np.append(votes, np.nan)[place]


def _pick(bars: SessionBars, rows: NDArray[np.bool_]) -> SessionBars:
    columns = {one.name: getattr(bars, one.name)[rows] for one in fields(bars) if one.name != "slots"}
    return SessionBars(**columns, slots=bars.slots)
