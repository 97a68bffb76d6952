"""Which contracts are listed on a day: expirations by rule, strikes by ladders around past month-end spots.

A strike once listed stays listed until it expires, as on the exchange: the ladders of an expiration cover
every month-end spot since that expiration was listed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.contracts import format_ticker, parse_tickers
from quant.sessions import previous_session, sessions
from simulator.market.keyed_random import Floats, Keys, seed_of
from simulator.market.price_paths import FIRST_DAY, Paths
from simulator.market.universe import INSTRUMENTS, Ladder, OptionRules

_NEAR_DAYS, _FAR_DAYS = 26, 400


class Series(NamedTuple):
    """One expiration of one root."""

    root: str
    expiration: dt.date
    listed: dt.date


class Listing(NamedTuple):
    """Listed contracts in the order of their tickers; columns of equal length."""

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    listed: NDArray[np.datetime64]
    key: Keys


def repeat_contract(contract: Listing, count: int) -> Listing:
    """The same contracts again and again, for as many trades."""
    return pick(contract, np.repeat(np.arange(len(contract.ticker)), count))


def pick(listing: Listing, chosen: NDArray[np.intp]) -> Listing:
    """Chosen rows of a listing."""
    return Listing(
        listing.ticker[chosen],
        listing.root[chosen],
        listing.expiration[chosen],
        listing.is_call[chosen],
        listing.strike[chosen],
        listing.listed[chosen],
        listing.key[chosen],
    )


def join(listings: list[Listing]) -> Listing:
    """Several listings one after the other."""
    if not listings:
        text, keys = np.array([], dtype="U1"), np.array([], dtype=np.uint64)
        dates = np.array([], dtype="datetime64[D]")
        return Listing(text, text, dates, np.array([], dtype=np.bool_), np.array([]), dates, keys)
    return Listing(*(np.concatenate(column) for column in zip(*listings, strict=True)))


class Listings:
    """Contract lists of one seeded world; strikes lie `strike_spacing` times as far apart as on the exchange."""

    def __init__(self, paths: Paths, strike_spacing: int = 1) -> None:
        self._paths = paths
        self._strike_spacing = strike_spacing
        self.on = lru_cache(maxsize=24)(self._on)
        self.expired_before = lru_cache(maxsize=4)(self._expired_before)
        self._series = lru_cache(maxsize=2048)(self._series_of)
        self._strikes = lru_cache(maxsize=4096)(self._strikes_of)

    def _series_of(self, symbol: str, date: dt.date) -> dict[tuple[str, dt.date], Series]:
        rules = INSTRUMENTS[symbol].options
        return {(one.root, one.expiration): one for one in series_on(rules, date)} if rules else {}

    def contract(self, symbol: str, ticker: str, dates: Sequence[dt.date]) -> tuple[Listing, list[dt.date]]:
        """A contract on those of the dates on which it is listed, one row each, and these dates."""
        wanted = parse_tickers([ticker])
        expiration, strike = wanted.expiration[0].item(), float(wanted.strike[0])
        key = (str(wanted.root[0]), expiration)
        found: list[tuple[Series, dt.date]] = []
        for date in dates:
            series = self._series(symbol, date).get(key) if date <= expiration else None
            if series and self._has(symbol, series, min(date, expiration).replace(day=1), strike):
                found.append((series, date))
        if not found:
            return join([]), []
        keys = _keys(found[0][0], bool(wanted.is_call[0]), wanted.strike)
        one = Listing(np.array([ticker]), *wanted, np.empty(1, dtype="datetime64[D]"), keys)
        listed = np.array([series.listed for series, _ in found], dtype="datetime64[D]")
        return repeat_contract(one, len(found))._replace(listed=listed), [date for _, date in found]

    def _has(self, symbol: str, series: Series, month: dt.date, strike: float) -> bool:
        strikes = self._strikes(symbol, series, month)
        row = int(np.searchsorted(strikes, strike))
        return row < len(strikes) and bool(strikes[row] == strike)

    def _on(self, symbol: str, date: dt.date) -> Listing:
        """Contracts listed on a calendar date; those expiring that day still are."""
        return self._build(symbol, list(self._series(symbol, date).values()), date)

    def _expired_before(self, symbol: str, date: dt.date, days: int) -> Listing:
        """Contracts that expired in a number of calendar days before a date, at their final strikes."""
        found: dict[tuple[str, dt.date], Series] = {}
        for day in sessions(date - dt.timedelta(days=days), date - dt.timedelta(days=1)):
            found |= {key: one for key, one in self._series(symbol, day).items() if one.expiration == day}
        return self._build(symbol, list(found.values()), date)

    def _build(self, symbol: str, series: list[Series], date: dt.date) -> Listing:
        return _assemble(
            [(one, self._strikes(symbol, one, min(date, one.expiration).replace(day=1))) for one in series]
        )

    def _strikes_of(self, symbol: str, series: Series, month: dt.date) -> Floats:
        rules = INSTRUMENTS[symbol].options
        if rules is None:
            return np.empty(0)
        life = (series.expiration - series.listed).days
        strikes: set[float] = set()
        if life > _NEAR_DAYS:
            strikes |= self._climb(
                symbol, rules.far if life <= _FAR_DAYS else rules.leaps, series.listed, month
            )
        near = max(series.listed, series.expiration - dt.timedelta(days=_NEAR_DAYS))
        if near.replace(day=1) <= month:
            strikes |= self._climb(symbol, rules.near, near, month)
        return np.array(sorted(strikes))

    def _climb(self, symbol: str, ladders: tuple[Ladder, ...], since: dt.date, month: dt.date) -> set[float]:
        """Strikes of the ladders around the spots at the month ends before `since` to before `month`."""
        months = np.arange(np.datetime64(since, "M"), np.datetime64(month, "M") + 1).astype("datetime64[D]")
        last_days = np.maximum(np.busday_count(FIRST_DAY, months) - 1, 0)
        spots = self._paths.weekday_closes(symbol)[last_days]
        strikes: set[float] = set()
        for step, below, above in (
            (one.step * self._strike_spacing, one.below, one.above) for one in ladders
        ):
            low, high = float(spots.min()) * (1 - below), float(spots.max()) * (1 + above)
            steps = np.arange(np.ceil(low / step), np.floor(high / step) + 1)
            strikes.update((np.maximum(steps, 1) * step).tolist())
        return strikes


def _assemble(parts: list[tuple[Series, Floats]]) -> Listing:
    columns: list[tuple[NDArray[Any], ...]] = []
    for series, strikes in parts:
        for is_call in (True, False):
            size = len(strikes)
            ticker = format_ticker(
                np.full(size, series.root),
                np.datetime64(series.expiration, "D"),
                np.full(size, is_call),
                strikes,
            )
            columns.append(
                (
                    ticker,
                    np.full(size, series.root, dtype="U6"),
                    np.full(size, series.expiration, dtype="datetime64[D]"),
                    np.full(size, is_call),
                    strikes,
                    np.full(size, series.listed, dtype="datetime64[D]"),
                    _keys(series, is_call, strikes),
                )
            )
    listing = join([Listing(*column) for column in columns])
    return pick(listing, np.argsort(listing.ticker))


def _keys(series: Series, is_call: bool, strikes: Floats) -> Keys:
    """A contract's key is its series' key and its strike, so it is the same in every list."""
    base = np.uint64(seed_of(series.root, series.expiration, is_call))
    return base + np.rint(strikes * 1000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def third_friday(year: int, month: int) -> dt.date:
    """The standard monthly expiration; the session before it where that Friday is a holiday."""
    first = dt.date(year, month, 1)
    friday = first + dt.timedelta(days=(4 - first.weekday()) % 7 + 14)
    return friday if sessions(friday, friday) else previous_session(friday)


def series_on(rules: OptionRules, date: dt.date) -> list[Series]:
    """Series listed on a date, by the rules of the underlying."""
    found: dict[tuple[str, dt.date], Series] = {}
    for root, expiration, life_days in _candidates(rules, date):
        listed = expiration - dt.timedelta(days=life_days)
        key = (root, expiration)
        # An expiration that two rules ask for counts as listed by the rule that listed it first.
        if listed <= date <= expiration and (key not in found or listed < found[key].listed):
            found[key] = Series(root, expiration, listed)
    return [found[key] for key in sorted(found)]


def _candidates(rules: OptionRules, date: dt.date) -> Iterator[tuple[str, dt.date, int]]:
    """Root, expiration and life in calendar days of series that may be listed around a date."""
    roots = {rules.monthly_root, rules.weekly_root}
    for month_number in range(-1, rules.months + 1):
        year, month = divmod(date.year * 12 + date.month - 1 + month_number, 12)
        for root in roots:
            yield root, third_friday(year, month + 1), rules.months * 30 + 5
        if rules.month_ends:
            following = dt.date(year + (month == 11), (month + 1) % 12 + 1, 1)
            yield rules.weekly_root, previous_session(following), rules.months * 30
    for year in range(date.year, date.year + rules.leaps_years + 1):
        for month in (1, 6, 12):
            yield rules.monthly_root, third_friday(year, month), rules.leaps_years * 365
    for week in range(rules.weekly_fridays + 1):
        day = date + dt.timedelta(days=(4 - date.weekday()) % 7 + 7 * week)
        expiration = day if sessions(day, day) else previous_session(day)
        yield rules.weekly_root, expiration, rules.weekly_fridays * 7 + 4
    reach = rules.daily_sessions * 7 // 5 + 1
    for day in sessions(date, date + dt.timedelta(days=reach)) if rules.daily_sessions else []:
        yield rules.weekly_root, day, reach
