"""Rows of finished sessions as they were known at each bar: volatility by session and the market regime."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import NDArray

from quant import sessions
from quant.chain import Floats
from quant.thresholds import TERM_REGIME
from signals.features.context_columns import RegimeColumns
from signals.features.history import History
from warehouse import clock
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
    days = np.array(history.calendar.days, dtype="datetime64[D]")
    for row in range(history.first_row, rows):
        at_ms = history.at_ms[row]
        ended = int(np.searchsorted(history.calendar.close_ms, at_ms, side="right"))
        if not ended:
            continue
        last = days[ended - 1]
        known = np.flatnonzero((known_at <= at_ms) & (date <= last))
        if len(known):
            place[row] = known[-1]
            between = sessions.sessions(_day(date[known[-1]]), _day(last))
            age[row] = len(between) - 1.0
    return place, age


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
        as_of_ms=closes_ms(found.date, place),
        known_at_ms=numbers(found.known_at.astype(np.float64), place),
        age_sessions=age,
        market_regime=texts(found.market_regime, place),
        confidence=numbers(found.confidence_score, place),
        vix=numbers(found.vix_level, place),
        term_label=texts(_term_labels(found.term_spread), place),
    )


def closes_ms(date: Days, place: Places) -> Floats:
    """Return the closes of the sessions `date` at the positions, epoch ms, shape (n,), NaN at -1."""
    closes = [float(clock.epoch_ms(sessions.close_of(_day(each)))) for each in date]
    return numbers(np.array(closes), place)


def _term_labels(spread: Floats) -> Texts:
    return np.array([TERM_REGIME.label(each) or "" for each in spread.tolist()], dtype=np.str_)


def _day(day: np.datetime64) -> dt.date:
    return dt.date.fromisoformat(str(day))
