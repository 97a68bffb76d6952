"""The contracts listed on a date: expirations by rule, strikes on ladders around past month-end spots.

As on the exchange, a listed strike remains listed until it expires: the ladders of an expiration cover every month-end
spot since that expiration was listed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant.contracts import format_ticker, parse_tickers
from quant.sessions import previous_session, sessions
from simulator.market.keyed_random import Floats, Keys, seed_of
from simulator.market.price_paths import FIRST_DAY, Paths
from simulator.universe.capital_changes import SPLIT_RULES, change_dates, split_factor
from simulator.universe.dates import third_friday
from simulator.universe.deliverables import adjusted_root
from simulator.universe.instruments import INSTRUMENTS
from simulator.universe.option_rules import Ladder, OptionRules

_NEAR_DAYS, _FAR_DAYS = 26, 400


class Series(NamedTuple):
    """One expiration of one root.

    `since` and `until` are the first and the last date on which strikes were added. They differ from `listed`, the date
    of the root's first contract, and from the expiration when a split or spin-off has changed the deliverable.
    """

    root: str
    expiration: dt.date
    listed: dt.date
    since: dt.date
    until: dt.date


class Listing(NamedTuple):
    """Listed contracts, ordered by ticker; columns of equal length."""

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    listed: NDArray[np.datetime64]
    key: Keys


def repeat_contract(contract: Listing, count: int) -> Listing:
    """Return the contracts repeated `count` times."""
    return pick(contract, np.repeat(np.arange(len(contract.ticker)), count))


def pick(listing: Listing, chosen: NDArray[np.intp]) -> Listing:
    """Return chosen rows of a listing."""
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
    """Concatenate listings."""
    if not listings:
        text, keys = np.array([], dtype="U1"), np.array([], dtype=np.uint64)
        dates = np.array([], dtype="datetime64[D]")
        return Listing(text, text, dates, np.array([], dtype=np.bool_), np.array([]), dates, keys)
    return Listing(*(np.concatenate(column) for column in zip(*listings, strict=True)))


class Listings:
    """Contract lists of one seeded world. `strike_spacing` multiplies the exchange's distance of strikes."""

    def __init__(self, paths: Paths, strike_spacing: int = 1) -> None:
        self._paths = paths
        self._strike_spacing = strike_spacing
        self.on = lru_cache(maxsize=24)(self._on)
        self.expired_before = lru_cache(maxsize=4)(self._expired_before)
        self._series = lru_cache(maxsize=2048)(self._series_of)
        self._strikes = lru_cache(maxsize=4096)(self._strikes_of)
        self._contracts = lru_cache(maxsize=1024)(self._contracts_of)  # one hundred per symbol and date

    def _series_of(self, symbol: str, date: dt.date) -> dict[tuple[str, dt.date], Series]:
        rules = INSTRUMENTS[symbol].options
        plain = series_on(rules, date) if rules else []
        return {(one.root, one.expiration): one for each in plain for one in _adjusted(symbol, each, date)}

    def contract(self, symbol: str, ticker: str, dates: Sequence[dt.date]) -> tuple[Listing, list[dt.date]]:
        """Return a contract and the dates on which it is listed, out of `dates`; one row per such date."""
        terms = parse_tickers([ticker])
        expiration, strike = terms.expiration[0].item(), float(terms.strike[0])
        key = (str(terms.root[0]), expiration)
        listed_on: list[tuple[Series, dt.date]] = []
        for date in dates:
            series = self._series(symbol, date).get(key) if date <= expiration else None
            if series and self._has(symbol, series, _last_month(series, date), strike):
                listed_on.append((series, date))
        if not listed_on:
            return join([]), []
        keys = _keys(listed_on[0][0], bool(terms.is_call[0]), terms.strike)
        one = Listing(np.array([ticker]), *terms, np.empty(1, dtype="datetime64[D]"), keys)
        listed = np.array([series.listed for series, _ in listed_on], dtype="datetime64[D]")
        return repeat_contract(one, len(listed_on))._replace(listed=listed), [date for _, date in listed_on]

    def _has(self, symbol: str, series: Series, month: dt.date, strike: float) -> bool:
        strikes = self._strikes(symbol, series, month)
        row = int(np.searchsorted(strikes, strike))
        return row < len(strikes) and bool(strikes[row] == strike)

    def _on(self, symbol: str, date: dt.date) -> Listing:
        """Return the contracts listed on a calendar date, including those that expire on it."""
        return self._build(symbol, list(self._series(symbol, date).values()), date)

    def _expired_before(self, symbol: str, date: dt.date, days: int) -> Listing:
        """Return the contracts that expired within `days` calendar days before a date, at their final strikes."""
        expired: dict[tuple[str, dt.date], Series] = {}
        for day in sessions(date - dt.timedelta(days=days), date - dt.timedelta(days=1)):
            expired |= {key: one for key, one in self._series(symbol, day).items() if one.expiration == day}
        return self._build(symbol, list(expired.values()), date)

    def _build(self, symbol: str, series: list[Series], date: dt.date) -> Listing:
        listing = join([self._contracts(symbol, one, _last_month(one, date)) for one in series])
        return pick(listing, np.argsort(listing.ticker))

    def _contracts_of(self, symbol: str, series: Series, month: dt.date) -> Listing:
        """Return the contracts of a series, which change only with the month."""
        strikes = self._strikes(symbol, series, month)
        return join([_contracts(series, is_call, strikes) for is_call in (True, False)])

    def _strikes_of(self, symbol: str, series: Series, month: dt.date) -> Floats:
        rules = INSTRUMENTS[symbol].options
        if rules is None:
            return np.empty(0)
        life = (series.expiration - series.since).days
        strikes: set[float] = set()
        if life > _NEAR_DAYS:
            strikes |= self._ladder_strikes(
                symbol, rules.far if life <= _FAR_DAYS else rules.leaps, series.since, month
            )
        near = max(series.since, series.expiration - dt.timedelta(days=_NEAR_DAYS))
        if near.replace(day=1) <= month:
            strikes |= self._ladder_strikes(symbol, rules.near, near, month)
        return np.array(sorted(strikes))

    def _ladder_strikes(
        self, symbol: str, ladders: tuple[Ladder, ...], since: dt.date, month: dt.date
    ) -> set[float]:
        """Return the strikes of the ladders around the spots at the ends of the months before `since` … `month`.

        The spots are in shares of `since`, whatever splits follow or precede them.
        """
        months = np.arange(np.datetime64(since, "M"), np.datetime64(month, "M") + 1).astype("datetime64[D]")
        last_days = np.maximum(np.busday_count(FIRST_DAY, months) - 1, 0)
        spots = self._paths.weekday_closes(symbol)[last_days]
        if symbol in SPLIT_RULES:
            days = np.busday_offset(FIRST_DAY, last_days).tolist()
            spots = spots / np.array([split_factor(symbol, day, since) for day in days])
        strikes: set[float] = set()
        for step, below, above in (
            (one.step * self._strike_spacing, one.below, one.above) for one in ladders
        ):
            low, high = float(spots.min()) * (1 - below), float(spots.max()) * (1 + above)
            steps = np.arange(np.ceil(low / step), np.floor(high / step) + 1)
            strikes.update((np.maximum(steps, 1) * step).tolist())
        return strikes


def _last_month(series: Series, date: dt.date) -> dt.date:
    """Return the first day of the last month in which strikes had been added by a date."""
    return min(date, series.until).replace(day=1)


def _adjusted(symbol: str, plain: Series, date: dt.date) -> list[Series]:
    """Return the contract series of one expiration on `date`: each split or spin-off until then started a new one."""
    changes = [day for day in change_dates(symbol) if plain.listed < day <= date]
    first = [plain.listed, *changes]
    until = [*(day - dt.timedelta(days=1) for day in changes), plain.expiration]
    series = []
    for number, (since, last) in enumerate(zip(first, until, strict=True)):
        seen = len(changes) - number
        # A root with a number appears with the latest change.
        listed = changes[-1] if seen else since
        series.append(Series(adjusted_root(plain.root, seen), plain.expiration, listed, since, last))
    return series


def _contracts(series: Series, is_call: bool, strikes: Floats) -> Listing:
    size = len(strikes)
    expiration = np.datetime64(series.expiration, "D")
    rights = np.full(size, is_call)
    return Listing(
        format_ticker(np.full(size, series.root), expiration, rights, strikes),
        np.full(size, series.root, dtype="U6"),
        np.full(size, expiration),
        rights,
        strikes,
        np.full(size, series.listed, dtype="datetime64[D]"),
        _keys(series, is_call, strikes),
    )


def _keys(series: Series, is_call: bool, strikes: Floats) -> Keys:
    """Return the contracts' keys, derived from series and strike, so that they are equal in every list."""
    base = np.uint64(seed_of(series.root, series.expiration, is_call))
    return base + np.rint(strikes * 1000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)


def series_on(rules: OptionRules, date: dt.date) -> list[Series]:
    """Return the series listed on a date, by the rules of the underlying."""
    listed_series: dict[tuple[str, dt.date], Series] = {}
    for root, expiration, life_days in _candidates(rules, date):
        listed = expiration - dt.timedelta(days=life_days)
        key = (root, expiration)
        # When two rules list the same expiration, the earlier listing date applies.
        if listed <= date <= expiration and (key not in listed_series or listed < listed_series[key].listed):
            listed_series[key] = Series(root, expiration, listed, listed, expiration)
    return [listed_series[key] for key in sorted(listed_series)]


def _candidates(rules: OptionRules, date: dt.date) -> Iterator[tuple[str, dt.date, int]]:
    """Yield root, expiration and life in calendar days of the series that may be listed around a date."""
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
