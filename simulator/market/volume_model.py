"""Open interest and trading volume: how many contracts are open, and when each trade happens.

`total` units of a contract are traded per session. The session's volume clock runs from 0 to 1, faster at both ends.
Unit n is traded when total x clock + u reaches n, where u in (0, 1) is a random number of the contract. Units are
divided into trades in groups of four. Time, size and cumulative volume of every trade therefore have a closed form, and
the chain's volume at any instant equals the sum of the trades until then.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.market.days import Date, Days, day_values, previous_days
from simulator.market.keyed_random import Floats, Keys, normals, pair, uniforms
from simulator.market.listing import Listing
from simulator.universe.instruments import Instrument

_POSITION = np.linspace(0.0, 1.0, 2001)
# Integral of 1 + 2 (2p - 1)^2, divided by its value at 1: the share of a session's volume traded until position p.
_CLOCK = (_POSITION + ((2 * _POSITION - 1) ** 3 + 1) / 3) / (5 / 3)
_GROUP = 4
_MOST_GROUPS = 1000

Integers = NDArray[np.int64]


class Day(NamedTuple):
    """Trading of contracts in a session: `total` units in groups of `group`; `lead` in (0, 1) shifts the clock."""

    key: Keys
    total: Integers
    group: Integers
    lead: Floats


def open_interest(instrument: Instrument, listing: Listing, reference: float | Floats, date: Date) -> Floats:
    """Return the open contracts at the start of a session, whole numbers; NaN in the first session of a series.

    `reference` is the spot at the previous close. Open interest peaks at round strikes and standard monthly
    expirations; that of puts is mostly below the spot, that of calls above it.
    """
    rules = instrument.options
    if rules is None:
        return np.empty(0)
    today = day_values(date)
    left = (listing.expiration - today).astype(np.float64)
    age = (today - listing.listed).astype(np.float64)
    spread = 0.025 + 0.22 * instrument.volatility * np.sqrt((left + 1) / 365)
    offset = np.log(listing.strike / reference) / spread
    centre = np.where(listing.is_call, 0.55, -0.75)
    wing = np.where(listing.is_call, 1.0, 1.35)
    bell = 1.0 / (1.0 + ((offset - centre) / wing) ** 4)
    roundness = 1.0 + 2.5 * _multiple(listing.strike, rules.round_strike)
    roundness += 3.0 * _multiple(listing.strike, 2 * rules.round_strike)
    held = rules.open_interest * bell * roundness * _series_weight(listing.expiration)
    held *= np.minimum(1.0, 0.1 + age / 30.0) * np.exp(0.9 * normals(listing.key, "held") - 0.8)
    held *= np.exp(0.07 * normals(listing.key, "held", date))
    first_session = listing.listed > previous_days(date)
    return np.where(first_session, np.nan, np.floor(held))


def _multiple(strike: Floats, step: float) -> NDArray[np.bool_]:
    return np.abs(strike / step - np.rint(strike / step)) < 1e-9


def _series_weight(expiration: NDArray[np.datetime64]) -> Floats:
    months = expiration.astype("datetime64[M]")
    day = (expiration - months.astype("datetime64[D]")).astype(np.int64) + 1
    weekday = (expiration.astype(np.int64) + 3) % 7
    monthly = (weekday == 4) & (day >= 15) & (day <= 21)
    quarterly = monthly & (months.astype(np.int64) % 3 == 2)
    return np.where(quarterly, 1.6, np.where(monthly, 1.0, np.where(weekday == 4, 0.30, 0.18)))


def trading_day(instrument: Instrument, listing: Listing, reference: float | Floats, date: Date) -> Day:
    """Return the trading volume of one session, given the spot at the previous close."""
    held = np.nan_to_num(open_interest(instrument, listing, reference, date), nan=20.0)
    left = (listing.expiration - day_values(date)).astype(np.float64)
    width = 0.012 + 0.16 * instrument.volatility * np.sqrt((left + 1) / 365)
    near = np.exp(-np.abs(np.log(listing.strike / reference)) / width)
    turnover = 0.01 + 3.0 * near / (1.0 + left) ** 0.9
    mean = (held + 5.0) * turnover * np.exp(0.9 * normals(listing.key, "turnover", date) - 0.5)
    total = np.where(left >= 0, np.floor(mean + uniforms(listing.key, "rounding", date) - 0.5), 0.0)
    total = np.maximum(total, 0.0).astype(np.int64)
    group = np.maximum(_GROUP, -(-total // _MOST_GROUPS))
    return Day(listing.key, total, group, uniforms(listing.key, "lead", date))


def pick_day(day: Day, rows: NDArray[np.intp]) -> Day:
    """Return chosen rows, which may repeat."""
    return Day(day.key[rows], day.total[rows], day.group[rows], day.lead[rows])


def clock(position: Floats | float) -> Floats:
    """Return the share of the session's volume traded until a position in the session (0 = open, 1 = close)."""
    return np.asarray(np.interp(position, _POSITION, _CLOCK))


def position_of(day: Day, units: Integers) -> Floats:
    """Return the position in the session at which a cumulative volume is reached; `units` ≥ 1."""
    share = (units - day.lead) / np.maximum(day.total, 1)
    return np.asarray(np.interp(share, _CLOCK, _POSITION))


def _cuts(day: Day, group_number: Integers, date: Date) -> Integers:
    """Return where a group of units is divided into trades: shape (n, 3), each in 1 … group - 1, ascending."""
    keys = pair(day.key, group_number)
    cuts = [1 + (uniforms(keys, "cut", i, date) * (day.group - 1)).astype(np.int64) for i in range(3)]
    return np.sort(np.stack(cuts, axis=-1), axis=-1)


def volume_until(day: Day, position: float, date: Date) -> Integers:
    """Return the contracts traded until a position in the session, counting complete trades."""
    reached = np.minimum(np.floor(day.total * clock(position) + day.lead), day.total).astype(np.int64)
    number, rest = reached // day.group, reached % day.group
    cuts = _cuts(day, number, date)
    inside = np.where(cuts <= rest[:, None], cuts, 0).max(axis=-1, initial=0)
    return np.where(reached >= day.total, day.total, number * day.group + inside)


def first_trade(day: Day, date: Date) -> Integers:
    """Return the size of the first trade of the session; 0 where nothing trades."""
    return np.minimum(_cuts(day, np.zeros_like(day.total), date)[:, 0], day.total)


def trade_ends(day: Day, days: Days) -> tuple[NDArray[np.intp], Integers]:
    """Return every trade of every row, ascending: its row, and the row's cumulative volume after it."""
    groups = np.where(day.total > 0, day.total // day.group + 1, 0)
    row = np.repeat(np.arange(len(groups)), groups)
    number = np.arange(len(row), dtype=np.int64) - np.repeat(np.cumsum(groups) - groups, groups)
    start = number * day.group[row]
    inner = start[:, None] + _cuts(pick_day(day, row), number, days.pick(row))
    ends = np.concatenate((inner.ravel(), start, day.total))
    rows = np.concatenate((np.repeat(row, 3), row, np.arange(len(groups))))
    good = (ends > 0) & (ends <= day.total[rows])
    stride = int(day.total.max(initial=0)) + 1
    unique = np.unique(rows[good] * stride + ends[good])
    return unique // stride, unique % stride


def last_trade_size(day: Day, volume: Integers, date: Date) -> Integers:
    """Return the size of the trade with which a cumulative volume was reached."""
    number = np.maximum(volume - 1, 0) // day.group
    within = volume - number * day.group
    cuts = _cuts(day, number, date)
    before = np.where(cuts < within[:, None], cuts, 0).max(axis=-1, initial=0)
    size: Integers = within - before
    return size
