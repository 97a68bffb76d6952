"""Which contracts a session wants, decided at that session's own prices and nothing later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.contracts.table import Listed
from quant.chain import DAYS_PER_YEAR, Floats
from quant.sessions import close_of, next_session, years_to_expiry

# The documents' "at the money, 30 to 45 days", with the expiration before 30 days beside it, so that a volatility
# at 30 days lies between two expirations and is not borrowed from one side.
NEAREST_DAYS, FARTHEST_DAYS = 30, 45
GRID = 0.005  # distance between strikes as a fraction of the underlying's price


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of each session is rebuilt.

    By default about `contracts` contracts nearest the money in three expirations around 30 to 45 days. `full`: every
    contract within `band_pct` percent of spot. Either way up to `max_dte` calendar days from expiration. Raises
    ValueError for numbers that select nothing.
    """

    full: bool = False
    band_pct: float = 10.0
    max_dte: int = 60
    contracts: int = 45

    def __post_init__(self) -> None:
        if not 0 < self.band_pct <= 100 or self.max_dte < 1 or self.contracts < 2:
            raise ValueError(
                f"a depth needs a band within 0 to 100 percent, a day and two contracts at least: {self}"
            )

    def __str__(self) -> str:
        if self.full:
            return f"full-{self.band_pct:g}pct-{self.max_dte}d"
        return f"near-{self.contracts}-{self.max_dte}d"


@dataclass(frozen=True, slots=True)
class Selected:
    """`by_session` holds rows of the list each session wants; `rows` those that any does, ascending. `first` and
    `last` are, by position in `rows`, the first and the last session that wants it."""

    by_session: Mapping[date, NDArray[np.intp]]
    rows: NDArray[np.intp]
    first: tuple[date, ...]
    last: tuple[date, ...]


class Series(NamedTuple):
    """The expirations in a list, one root each: shape (s,). The contracts of one stand from `begins` up to the next
    one's; `begins` is of shape (s + 1,)."""

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    begins: NDArray[np.intp]

    def rows(self, number: int) -> NDArray[np.intp]:
        return np.arange(self.begins[number], self.begins[number + 1])


def series_of(listed: Listed) -> Series:
    """Which contracts settle together; worked out once for many questions to `wanted_at`. In a list they stand
    together."""
    first = np.ones(len(listed), dtype=np.bool_)
    first[1:] = (listed.root[1:] != listed.root[:-1]) | (listed.expiration[1:] != listed.expiration[:-1])
    begins = np.append(np.flatnonzero(first), len(listed))
    return Series(listed.root[first], listed.expiration[first], begins)


def select(
    listed: Listed,
    prices: Mapping[date, float | Sequence[float]],
    sessions: Sequence[date],
    depth: Depth,
) -> Selected:
    """Which of the listed contracts are wanted, by session and in all.

    `prices` is the underlying's close by session, or several of a session's prices where slots within it are wanted
    too; a session without one, or with NaN, wants nothing.
    """
    by_session: dict[date, NDArray[np.intp]] = {}
    first: dict[int, date] = {}
    last: dict[int, date] = {}
    series = series_of(listed)
    for session in sorted(sessions):
        levels = np.atleast_1d(np.asarray(prices.get(session, np.nan), dtype=np.float64))
        wanted = [wanted_at(listed, series, session, level, depth) for level in levels[levels > 0].tolist()]
        rows = np.unique(np.concatenate(wanted)) if wanted else np.empty(0, dtype=np.intp)
        by_session[session] = rows
        for row in rows.tolist():
            first.setdefault(row, session)
            last[row] = session
    every = sorted(first)
    return Selected(
        by_session,
        np.array(every, dtype=np.intp),
        tuple(first[row] for row in every),
        tuple(last[row] for row in every),
    )


def wanted_at(listed: Listed, series: Series, session: date, price: float, depth: Depth) -> NDArray[np.intp]:
    """Rows of the list wanted at one price of the underlying, ascending."""
    days = (series.expiration - np.datetime64(session, "D")).astype(np.int64)
    alive = (days >= 0) & (days <= depth.max_dte)

    def in_band(number: int) -> NDArray[np.intp]:
        rows = series.rows(number)
        return rows[100.0 * np.abs(listed.strike[rows] - price) <= depth.band_pct * price]

    found = [np.empty(0, dtype=np.intp)]
    if depth.full:
        return np.concatenate(found + [in_band(number) for number in np.flatnonzero(alive).tolist()])
    chosen = _expirations(series, alive, session)
    left = depth.contracts
    for position, number in enumerate(chosen):
        rows = in_band(number)
        share = left // (len(chosen) - position)
        nearest = _nearest(np.unique(listed.strike[rows]), price, max(share // 2, 1))
        kept = rows[np.isin(listed.strike[rows], nearest)]
        left -= len(kept)
        found.append(kept)
    return np.sort(np.concatenate(found))


def _nearest(strikes: Floats, price: float, count: int) -> Floats:
    """The strikes nearest the money, of those on a round grid of at most half a percent where it holds enough.

    Round strikes are listed first and trade most; the list also holds those that were added after the session.
    Strikes closer together say the same, and a grid that stands still asks for the same contracts day after day.
    """
    step = _round_down(GRID * price)
    on_grid = strikes[np.abs(strikes / step - np.rint(strikes / step)) < 1e-9]
    usable = on_grid if len(on_grid) >= count else strikes
    return usable[np.argsort(np.abs(usable - price), kind="stable")[:count]]


def _round_down(width: float) -> float:
    """The largest of 1, 2.5, 5 times a power of ten that is no larger."""
    decade = 10.0 ** np.floor(np.log10(width))
    return float(max(step for step in (1.0, 2.5, 5.0) if step * decade <= width * (1 + 1e-12)) * decade)


def _expirations(series: Series, alive: NDArray[np.bool_], session: date) -> list[int]:
    """The settlements on both sides of 30 days, and the last one within 45; the nearest where these are not listed.

    Of those that end a week or a month, where there are any: they are listed months ahead, while those of other days
    appear some weeks before their end, and a list of the past does not say since when it holds what.
    """
    days = years_to_expiry(series.root, series.expiration, close_of(session)) * DAYS_PER_YEAR
    known = np.flatnonzero(alive & (days > 0))
    is_early = [_is_listed_early(day) for day in series.expiration[known].tolist()]
    early = known[np.array(is_early, dtype=np.bool_)]
    known = early if len(early) else known
    known = known[np.argsort(days[known], kind="stable")]
    after = int(np.searchsorted(days[known], NEAREST_DAYS))
    until = int(np.searchsorted(days[known], FARTHEST_DAYS, side="right")) - 1
    chosen = {place for place in (after - 1, after, until) if 0 <= place < len(known)}
    return [int(known[place]) for place in sorted(chosen)]


@lru_cache(maxsize=4096)
def _is_listed_early(expiration: date) -> bool:
    """Whether it is the last session of its week or its month."""
    following = next_session(expiration)
    return following.isocalendar()[:2] != expiration.isocalendar()[:2] or following.month != expiration.month
