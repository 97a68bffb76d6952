"""Rows of finished sessions as they were known at each bar: volatility by session and the market regime."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quant.chain import Bools, Floats
from quant.thresholds import TERM_REGIME
from signals.features.context_columns import RegimeColumns
from signals.features.history import History
from warehouse.asof.regime import RegimeDays
from warehouse.asof.rows import Days, Texts, Times

Places = NDArray[np.intp]


def newest_rows(date: Days, known_at: Times, history: History) -> tuple[Places, Floats]:
    """Return for each bar the position of its newest known row, and the row's age in sessions, both (n,).

    Considered are rows of sessions that had ended at the bar's evaluation instant. The age is 0 for the last ended
    session; the position is -1 and the age NaN without a row or on a bar before the evaluated session.
    """
    rows = len(history.bars)
    place, age = np.full(rows, -1), np.full(rows, np.nan)
    today = slice(history.first_row, None)
    at_ms = history.at_ms[today]
    ended = np.searchsorted(history.calendar.close_ms, at_ms, side="right")
    days = history.calendar.days
    last = days[ended - 1]
    known = (known_at <= at_ms[:, None]) & (date <= last[:, None]) & (ended > 0)[:, None]
    place[today] = last_true(known)
    found = np.flatnonzero(place >= 0)
    between = (ended[found - history.first_row] - 1) - np.searchsorted(days, date[place[found]])
    age[found] = between.astype(np.float64)
    return place, age


def last_true(mask: Bools) -> Places:
    """Return the position of the last true value of each row of a mask (n, k), -1 without one; shape (n,)."""
    if not mask.shape[1]:
        return np.full(len(mask), -1)
    return np.where(mask.any(axis=1), mask.shape[1] - 1 - np.argmax(mask[:, ::-1], axis=1), -1)


def numbers(values: Floats, place: Places) -> Floats:
    """Return `values` at the positions (n,), NaN at -1."""
    return np.where(place >= 0, np.append(values, np.nan)[place], np.nan)


def texts(values: Texts, place: Places) -> Texts:
    """Return `values` at the positions (n,), '' at -1."""
    return np.where(place >= 0, np.append(values, "")[place], "")


def regime_columns(found: RegimeDays, history: History) -> RegimeColumns:
    """Return the market regime known at each bar of the evaluated session."""
    place, age = newest_rows(found.date, found.known_at, history)
    return RegimeColumns(
        as_of_ms=closes_ms(found.date, place, history),
        known_at_ms=numbers(found.known_at.astype(np.float64), place),
        age_sessions=age,
        market_regime=texts(found.market_regime, place),
        confidence=numbers(found.confidence_score, place),
        vix=numbers(found.vix_level, place),
        term_label=texts(TERM_REGIME.texts(found.term_spread), place),
    )


def closes_ms(date: Days, place: Places, history: History) -> Floats:
    """Return the closes of the sessions `date` at the positions, epoch ms, shape (n,).

    NaN at -1, and for a day that is no session of the history.
    """
    days = history.calendar.days
    row = np.minimum(np.searchsorted(days, date), len(days) - 1)
    closes = np.where(days[row] == date, history.calendar.close_ms[row].astype(np.float64), np.nan)
    return numbers(closes, place)
