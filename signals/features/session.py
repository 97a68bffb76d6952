"""Features of the evaluated session: its extremes, the close before it, volume, and its first bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quant.arrays import ratio
from quant.chain import Bools, Floats
from quant.market.indicator_columns import average_true_range, mean_before
from quant.market.session_bars import SessionBars, day_columns
from quant.market.session_volume import average_price, relative_bar_volume, relative_volume
from quant.thresholds import LARGEST_JUMP
from signals.features.history import History
from signals.features.indicators import too_early

DAYS_COMPARED = 14  # daily bars before one, for its relative volume
DAY_RANGE_SESSIONS = 60  # before `atr_day14` is used
FIRST_BAR = ("first_direction", "first_rvol_bar", "first_high", "first_low")
BEFORE_FIRST_ROW = 3  # rows of the session before, whose relative volume windows reach


@dataclass(frozen=True, slots=True)
class ClosesBefore:
    """The close of the session before each session of a history, shape (k,), NaN if unknown.

    `is_official` says that it is that of the daily bar, else it is that of the last bar of that session.
    """

    price: Floats
    is_official: Bools


def closes_before(history: History, days: History) -> ClosesBefore:
    """Return the closes before the sessions of a history, by its daily bars where they are stored."""
    sessions = len(history.calendar.days)
    last = np.flatnonzero(np.diff(history.bars.session, append=sessions) != 0)
    by_bar, by_day = np.full(sessions, np.nan), np.full(len(days.calendar.days), np.nan)
    by_bar[history.bars.session[last]] = history.bars.close[last]
    by_day[days.bars.session] = days.bars.close
    # Both calendars end with the evaluated session, and that of the daily bars is at least as long.
    official, others = (np.concatenate([[np.nan], closes[-sessions:-1]]) for closes in (by_day, by_bar))
    known = ~np.isnan(official)
    return ClosesBefore(np.where(known, official, others), known)


def day_range(days: History) -> float:
    """Return the average true range of the daily bars of finished sessions, NaN with fewer than 60 of them."""
    rows = np.flatnonzero(days.bars.session < len(days.calendar.days) - 1)
    bars = days.bars
    if len(rows) < DAY_RANGE_SESSIONS:
        return np.nan
    return float(average_true_range(bars.high[rows], bars.low[rows], bars.close[rows])[-1])


def session_columns(history: History, days: History, before: float) -> dict[str, Floats]:
    """Return the features of prices and volume within the session, each of shape (n,).

    `before` is the close of the session before the evaluated one.
    """
    bars, first_row = history.bars, history.first_row
    day = day_columns(bars)
    vwap = average_price(bars)
    today = np.arange(len(bars)) >= first_row
    prior_close = np.where(today, before, np.nan)
    bar_volume = relative_bar_volume(bars, max(first_row - BEFORE_FIRST_ROW, 0))
    found = {
        "vwap": vwap,
        "vwap_distance": (bars.close - vwap) / vwap,
        "rvol": relative_volume(bars, first_row),
        "rvol_bar": bar_volume,
        "close_location": _location(bars),
        "day_open": day.open,
        "day_high": day.high,
        "day_low": day.low,
        "prior_close": prior_close,
        "return_from_close": bars.close / prior_close - 1.0,
        "atr_day14": np.where(today, day_range(days), np.nan),
    }
    return found | _first_bar(bars, first_row, bar_volume)


def is_jump(bars: SessionBars, first_row: int, prior_close: float) -> bool:
    """Return whether the session opens more than 40 % from the close before, as after a split that is not stored."""
    if first_row >= len(bars) or np.isnan(prior_close):
        return False
    return bool(abs(bars.open[first_row] / prior_close - 1.0) > LARGEST_JUMP)


def daily_columns(days: History) -> dict[str, Floats]:
    """Return the features of `session_columns` for daily bars: those within a session are NaN."""
    bars = days.bars
    before = np.concatenate([[np.nan], bars.close[:-1]])
    volume = ratio(bars.volume, mean_before(bars.volume, DAYS_COMPARED))
    ranges = average_true_range(bars.high, bars.low, bars.close)
    missing = np.full(len(bars), np.nan)
    found = dict.fromkeys(("vwap", "vwap_distance", *FIRST_BAR), missing)
    return found | {
        "rvol": volume,
        "rvol_bar": volume,
        "close_location": _location(bars),
        "day_open": bars.open,
        "day_high": bars.high,
        "day_low": bars.low,
        "prior_close": before,
        "return_from_close": bars.close / before - 1.0,
        "atr_day14": np.where(too_early(bars, DAY_RANGE_SESSIONS), np.nan, ranges),
    }


def _location(bars: SessionBars) -> Floats:
    """Return where the close lies between low (0) and high (1) of each bar; 0.5 where they are equal."""
    return np.where(bars.high > bars.low, ratio(bars.close - bars.low, bars.high - bars.low), 0.5)


def _first_bar(bars: SessionBars, first_row: int, bar_volume: Floats) -> dict[str, Floats]:
    """Return direction, relative volume and extremes of the session's first bar, on the rows of the session."""
    columns = {name: np.full(len(bars), np.nan) for name in FIRST_BAR}
    if first_row < len(bars) and bars.slot[first_row] == 0:
        move = bars.close[first_row] - bars.open[first_row]
        values = (np.sign(move), bar_volume[first_row], bars.high[first_row], bars.low[first_row])
        for name, value in zip(FIRST_BAR, values, strict=True):
            columns[name][first_row:] = value
    return columns
