"""Implied volatility per session with its rank, volatility surfaces, term structures, and known events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from quant.chain import Bools, Floats
from warehouse.asof.days import closed_between
from warehouse.asof.rows import Days, Texts, Times, read_rows, read_rows_of, select_list
from warehouse.models.dates import ALL_SYMBOLS

_ROWS = """
SELECT symbol, {columns} FROM iv_percentile_cache
WHERE symbol = ANY(%(symbols)s) AND date BETWEEN %(first)s AND %(last)s
"""
_SURFACE = """
SELECT {columns} FROM iv_surface_daily WHERE symbol = %(symbol)s AND date BETWEEN %(first)s AND %(last)s
"""
_TERM = """
SELECT symbol, {columns} FROM iv_term_daily WHERE symbol = ANY(%(symbols)s) AND date BETWEEN %(first)s AND %(last)s
"""
_EVENTS = """
SELECT {columns} FROM market_events WHERE symbol = ANY(%(symbols)s) AND date >= %(first)s AND known_at <= %(at)s
  AND (withdrawn_at IS NULL OR withdrawn_at > %(at)s)
"""
_EVENT_VERSIONS = """
SELECT symbol, {columns} FROM market_events WHERE symbol = ANY(%(symbols)s) AND date BETWEEN %(first)s AND %(last)s
"""
_EXPRESSIONS = {"data_points": "data_points::bigint"}
_TERM_EXPRESSIONS = {
    name: f"{name}[array_position(tenor_days, 30::bigint)]" for name in ("at_the_money", "ex_event")
}


@dataclass(frozen=True, slots=True)
class IvDays:
    """Volatility of one symbol by session, oldest first; all arrays of shape (n,).

    Volatilities, risk reversal, term slope, variance index and its truncation are fractions per year, the variance risk
    premium is variance per year, rank and percentile are fractions from 0 to 1, the expected move and strikes dollars
    or index points, `data_points` sessions. An absent number is NaN, an absent text ''.

    A row is known from `known_at` (epoch ms) on. `computed_at` is when it was computed again, NaN if never.
    """

    date: Days
    current_iv: Floats
    iv_rank: Floats
    iv_percentile: Floats
    iv_regime: Texts
    iv_52w_high: Floats
    iv_52w_low: Floats
    iv_trend: Texts
    data_points: Times
    is_provisional: Bools
    recommendation: Texts
    risk_reversal_25d: Floats
    term_slope: Floats
    expected_move: Floats
    variance_index: Floats
    variance_status: Texts
    variance_quotes: Floats
    variance_lowest_strike: Floats
    variance_highest_strike: Floats
    variance_low_cut: Texts
    variance_high_cut: Texts
    variance_truncation: Floats
    realized_volatility_20d: Floats
    realized_status: Texts
    variance_risk_premium: Floats
    method_version: Texts
    known_at: Times
    computed_at: Floats

    def __len__(self) -> int:
        return len(self.date)


def read(symbol: str, first_ms: int, last_ms: int) -> IvDays:
    """Return the rows of the sessions that closed from `first_ms` to `last_ms` (epoch ms), both included."""
    return read_of([symbol], first_ms, last_ms)[symbol]


def read_of(symbols: Sequence[str], first_ms: int, last_ms: int) -> dict[str, IvDays]:
    """Return the rows of `read` of several symbols, of each of them."""
    wanted = {"symbols": list(symbols), **closed_between(first_ms, last_ms)}
    return read_rows_of(IvDays, _ROWS.format(columns=select_list(IvDays, _EXPRESSIONS)), wanted, ["date"])


@dataclass(frozen=True, slots=True)
class SurfacePoints:
    """Points of the surfaces of one symbol, by session, tenor and delta; all arrays of shape (n,).

    Volatilities and errors are fractions per year, strikes dollars or index points. An absent number is NaN.
    """

    date: Days
    tenor_days: Times
    delta: Texts
    iv: Floats
    cubic_iv: Floats
    strike: Floats
    reason: Texts
    rmse: Floats
    n_quotes: Times
    curves_disagree: Bools
    known_at: Times

    def __len__(self) -> int:
        return len(self.date)


@dataclass(frozen=True, slots=True)
class TermDays:
    """Scalars of the term structure of one symbol by session, oldest first; all arrays of shape (n,), NaN if absent.

    `at_the_money` and `ex_event` are those of 30 days.
    """

    date: Days
    at_the_money: Floats
    ex_event: Floats
    skew_25d_put_minus_call: Floats
    butterfly_25d: Floats
    slope: Floats
    skew_index: Floats
    implied_move: Floats
    base_volatility: Floats
    known_at: Times

    def __len__(self) -> int:
        return len(self.date)


@dataclass(frozen=True, slots=True)
class Events:
    """Events of a symbol and of the whole market, by date; all arrays of shape (n,)."""

    symbol: Texts
    kind: Texts
    date: Days
    timing: Texts
    certainty: Texts
    known_at: Times

    def __len__(self) -> int:
        return len(self.date)


def surface(symbol: str, first_ms: int, last_ms: int) -> SurfacePoints:
    """Return the points of the sessions that closed from `first_ms` to `last_ms` (epoch ms), both included."""
    expressions = {"tenor_days": "tenor_days::bigint", "n_quotes": "n_quotes::bigint"}
    query = _SURFACE.format(columns=select_list(SurfacePoints, expressions))
    wanted = {"symbol": symbol, **closed_between(first_ms, last_ms)}
    return read_rows(SurfacePoints, query, wanted, ["date", "tenor_days", "delta"])


def term(symbol: str, first_ms: int, last_ms: int) -> TermDays:
    """Return the rows of the sessions that closed from `first_ms` to `last_ms` (epoch ms), both included."""
    return term_of([symbol], first_ms, last_ms)[symbol]


def term_of(symbols: Sequence[str], first_ms: int, last_ms: int) -> dict[str, TermDays]:
    """Return the rows of `term` of several symbols, of each of them."""
    wanted = {"symbols": list(symbols), **closed_between(first_ms, last_ms)}
    query = _TERM.format(columns=select_list(TermDays, _TERM_EXPRESSIONS))
    return read_rows_of(TermDays, query, wanted, ["date"])


def events(symbol: str, first: dt.date, at_ms: int) -> Events:
    """Return the events from a day on that were known and expected at `at_ms` (epoch ms)."""
    wanted = {"symbols": [symbol, ALL_SYMBOLS], "first": first, "at": at_ms}
    return read_rows(Events, _EVENTS.format(columns=select_list(Events)), wanted, ["date", "symbol", "kind"])


@dataclass(frozen=True, slots=True)
class EventVersions:
    """Events of a symbol and of the whole market with the times between which they were expected; (n,), by date.

    An event was expected from `known_at` until `withdrawn_at`, epoch ms, NaN if it still is.
    """

    date: Days
    timing: Texts
    certainty: Texts
    known_at: Times
    withdrawn_at: Floats

    def __len__(self) -> int:
        return len(self.date)


def event_versions_of(symbols: Sequence[str], first: dt.date, last: dt.date) -> dict[str, EventVersions]:
    """Return the events of symbols and of the whole market between two dates, withdrawn ones too, by symbol."""
    wanted = {"symbols": [*symbols, ALL_SYMBOLS], "first": first, "last": last}
    query = _EVENT_VERSIONS.format(columns=select_list(EventVersions))
    found = read_rows_of(EventVersions, query, wanted, ["date", "known_at"])
    return {symbol: _by_date(found[symbol], found[ALL_SYMBOLS]) for symbol in symbols}


def _by_date(one: EventVersions, other: EventVersions) -> EventVersions:
    names = [field.name for field in fields(EventVersions)]
    columns = {name: np.concatenate([getattr(one, name), getattr(other, name)]) for name in names}
    rows = np.lexsort([columns["known_at"], columns["date"]])
    return EventVersions(**{name: column[rows] for name, column in columns.items()})
