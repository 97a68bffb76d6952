"""Dealer gamma of chains, one row per slot, and the price of the underlying at slots.

`gamma_slots` keeps the scalars of every snapshot for two years. The price is read from `gamma_exposure_snapshots`,
which has the rows of the last 90 days also where `gamma_slots` is not filled yet. Every statement reads by the key of
its table. Times are epoch ms; gamma is in dollars per 1 % move of spot.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection

from quant import sessions
from quant.chain import Floats
from warehouse import clock
from warehouse.asof.rows import Days, Texts, Times, read_rows, read_rows_of, select_list

MEDIAN_SESSIONS = 20

_SLOTS = """
SELECT symbol, {columns} FROM gamma_slots
WHERE symbol = ANY(%(symbols)s) AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
_NEWEST = """
SELECT symbol, max("timestamp") FROM gamma_slots
WHERE symbol = ANY(%(symbols)s) AND "timestamp" BETWEEN %(first)s AND %(at)s GROUP BY symbol
"""
_YES_OR_NO = "CASE {0} WHEN true THEN 1.0 WHEN false THEN 0.0 END"
_ZEROS = "CASE cardinality({0}) WHEN 0 THEN 'none' ELSE array_to_string({0}, ' ') END"
_SLOT_EXPRESSIONS = {name: _YES_OR_NO.format(name) for name in ("signs_agree", "settles_today")} | {
    name: _ZEROS.format(name) for name in ("naive_flips", "volume_flips", "own_flips")
}
_EXPIRATIONS = """
SELECT {columns} FROM gamma_by_expiration
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s
"""
_COUNTED = {name: f"{name}::bigint" for name in ("dte", "contracts")}
_SYMBOLS = """
SELECT DISTINCT symbol FROM gamma_slots WHERE "timestamp" BETWEEN %(first)s AND %(last)s ORDER BY symbol
"""
_SPOTS = """
SELECT "timestamp", underlying_price AS price FROM gamma_exposure_snapshots
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s AND underlying_price IS NOT NULL
"""
_SPOT = """
SELECT underlying_price::double precision, "timestamp" FROM gamma_exposure_snapshots
WHERE symbol = %(symbol)s AND "timestamp" <= %(at)s AND underlying_price IS NOT NULL
ORDER BY "timestamp" DESC LIMIT 1
"""
_MEDIAN = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY gross_gamma::double precision) FROM gamma_slots
WHERE symbol = %(symbol)s AND "timestamp" >= %(first)s AND "timestamp" < %(until)s AND oi_source = 'provider'
"""


@dataclass(frozen=True, slots=True)
class GammaSlots:
    """Scalars of the gamma snapshots of one symbol, oldest first; all arrays of shape (n,).

    Gamma is in dollars per 1 % move; prices, walls and the flip are dollars or index points; distances are percent of
    spot; ratios are put over call. An absent number is NaN, an absent text ''. `signs_agree` and `settles_today` are 1,
    0 or NaN. The zeros of a convention's profile are a text of numbers with spaces between them, `none` if it has none.

    A row is known from `known_at` (epoch ms) on. `computed_at` is when it was computed again, NaN if never.
    """

    timestamp: Times
    underlying_price: Floats
    total_gamma: Floats
    call_gamma: Floats
    put_gamma: Floats
    gross_gamma: Floats
    dealer_positioning: Texts
    expected_behavior: Texts
    gamma_wall_resistance: Floats
    gamma_wall_support: Floats
    call_wall: Floats
    put_wall: Floats
    gamma_flip: Floats
    flip_status: Texts
    signs_agree: Floats
    naive_flips: Texts
    volume_flips: Texts
    own_flips: Texts
    largest_net_strike: Floats
    usable_share: Floats
    settles_today: Floats
    pin_strike: Floats
    pin_open_interest: Floats
    pin_share: Floats
    distance_to_resistance_pct: Floats
    distance_to_support_pct: Floats
    put_call_oi_ratio: Floats
    put_call_volume_ratio: Floats
    oi_source: Texts
    method_version: Texts
    known_at: Times
    computed_at: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class ExpirationSlots:
    """Dealer exposure by settlement of one symbol, by slot, expiration and root; all arrays of shape (n,).

    Gamma is in dollars per 1 % move; delta in dollars, vanna in dollars per percentage point of volatility, charm in
    dollars per calendar day; open interest, volume and `contracts` in contracts; `dte` in calendar days. An absent
    number is NaN. `known_at` and `computed_at` as in `GammaSlots`.
    """

    timestamp: Times
    root: Texts
    expiration: Days
    dte: Times
    bucket: Texts
    contracts: Times
    net_gamma: Floats
    call_gamma: Floats
    put_gamma: Floats
    delta_exposure: Floats
    vanna_exposure: Floats
    charm_exposure: Floats
    call_open_interest: Floats
    put_open_interest: Floats
    call_volume: Floats
    put_volume: Floats
    max_pain: Floats
    oi_source: Texts
    method_version: Texts
    known_at: Times
    computed_at: Floats

    def __len__(self) -> int:
        return len(self.timestamp)


@dataclass(frozen=True, slots=True)
class Spots:
    """Prices of the underlying at slots where it is known, oldest first; dollars or index points, shape (n,)."""

    timestamp: Times
    price: Floats


class Spot(NamedTuple):
    """Price of the underlying in dollars or index points, and the slot of the snapshot that has it, epoch ms."""

    price: float
    timestamp: int


def slots(symbol: str, first_ms: int, last_ms: int) -> GammaSlots:
    """Return the scalars of the snapshots of slots from `first_ms` to `last_ms`, both included."""
    return slots_of([symbol], first_ms, last_ms)[symbol]


def slots_of(symbols: Sequence[str], first_ms: int, last_ms: int) -> dict[str, GammaSlots]:
    """Return the scalars of `slots` of several symbols, of each of them."""
    query = _SLOTS.format(columns=select_list(GammaSlots, _SLOT_EXPRESSIONS))
    wanted = {"symbols": list(symbols), "first": first_ms, "last": last_ms}
    return read_rows_of(GammaSlots, query, wanted, ["timestamp"])


def newest_slots(symbols: Sequence[str], first_ms: int, at_ms: int) -> dict[str, int]:
    """Return the newest slot from `first_ms` to `at_ms` that has a snapshot, by symbol; epoch ms."""
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, {"symbols": list(symbols), "first": first_ms, "at": at_ms})
        return dict(cursor.fetchall())


def expirations(symbol: str, first_ms: int, last_ms: int) -> ExpirationSlots:
    """Return the exposure by settlement of slots from `first_ms` to `last_ms`, both included."""
    query = _EXPIRATIONS.format(columns=select_list(ExpirationSlots, _COUNTED))
    wanted = {"symbol": symbol, "first": first_ms, "last": last_ms}
    return read_rows(ExpirationSlots, query, wanted, ["timestamp", "expiration", "root"])


def symbols(first_ms: int, last_ms: int) -> list[str]:
    """Return the symbols with snapshots of slots from `first_ms` to `last_ms`, both included, ascending."""
    with connection.cursor() as cursor:
        cursor.execute(_SYMBOLS, {"first": first_ms, "last": last_ms})
        return [symbol for (symbol,) in cursor.fetchall()]


def spots(symbol: str, first_ms: int, last_ms: int) -> Spots:
    """Return the prices of the underlying at the slots from `first_ms` to `last_ms`, both included."""
    return read_rows(Spots, _SPOTS, {"symbol": symbol, "first": first_ms, "last": last_ms}, ["timestamp"])


def spot(symbol: str, at_ms: int) -> Spot | None:
    """Return the price of the underlying in the last snapshot at or before `at_ms` that has one, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_SPOT, {"symbol": symbol, "at": at_ms})
        found = cursor.fetchone()
    return None if found is None else Spot(*found)


def median_gross_gamma(symbol: str, before_ms: int) -> float | None:
    """Return the median gross gamma ($ per 1 % move) of the 20 sessions before that of `before_ms`, or None.

    Snapshots weighted by volume are excluded, because volume and open interest differ by a factor.
    """
    day = sessions.new_york_date(clock.instant(before_ms))
    past = sessions.sessions(day - dt.timedelta(days=2 * MEDIAN_SESSIONS), day - dt.timedelta(days=1))
    if not past:
        return None
    bounds = {"first": _midnight_ms(past[-MEDIAN_SESSIONS:][0]), "until": _midnight_ms(day)}
    with connection.cursor() as cursor:
        cursor.execute(_MEDIAN, {"symbol": symbol, **bounds})
        (median,) = cursor.fetchone()
    return None if median is None else float(median)


def _midnight_ms(day: dt.date) -> int:
    return clock.epoch_ms(dt.datetime.combine(day, dt.time(tzinfo=sessions.NEW_YORK)))
