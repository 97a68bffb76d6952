"""Selection of the contracts that a session needs, from the session's own prices only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingestion.backfill.contracts.table import ContractTable
from quant.chain import DAYS_PER_YEAR, Floats
from quant.sessions import close_of, next_session, years_to_expiry

# The requirements name contracts "at the money, 30 to 45 days". The expiration before 30 days is selected as well, so
# that the volatility at 30 days is interpolated between two expirations and not extrapolated from one side.
NEAREST_DAYS, FARTHEST_DAYS = 30, 45
GRID = 0.005  # distance between strikes as a fraction of the underlying's price


@dataclass(frozen=True, slots=True)
class Depth:
    """How much of each session is rebuilt.

    By default about `contracts` contracts nearest the money, in three expirations around 30 to 45 days. With
    `full`, every contract within `band_pct` percent of spot. In both cases up to `max_dte` calendar days from
    expiration. Raises ValueError for values that select nothing.
    """

    full: bool = False
    band_pct: float = 10.0
    max_dte: int = 60
    contracts: int = 45

    def __post_init__(self) -> None:
        if not 0 < self.band_pct <= 100 or self.max_dte < 1 or self.contracts < 2:
            raise ValueError(
                "a depth must have a band above 0 and at most 100 percent, at least one day and at least two"
                f" contracts: {self}"
            )

    def __str__(self) -> str:
        if self.full:
            return f"full-{self.band_pct:g}pct-{self.max_dte}d"
        return f"near-{self.contracts}-{self.max_dte}d"


@dataclass(frozen=True, slots=True)
class SelectedContracts:
    """Selected rows of a contract table.

    `by_session` maps a session to the rows it needs, ascending; `rows` are those that any session needs,
    ascending. `first` and `last` are, by position in `rows`, the first and the last session that needs the row.
    """

    by_session: Mapping[date, NDArray[np.intp]]
    rows: NDArray[np.intp]
    first: tuple[date, ...]
    last: tuple[date, ...]


class ExpirationIndex(NamedTuple):
    """The expirations in a contract table, one per root: arrays of shape (s,).

    The contracts of expiration i are the rows from starts[i] up to starts[i + 1]; `starts` is of shape (s + 1,).
    """

    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    starts: NDArray[np.intp]

    def rows(self, index: int) -> NDArray[np.intp]:
        """Return the rows of one expiration."""
        return np.arange(self.starts[index], self.starts[index + 1])


def expiration_index(table: ContractTable) -> ExpirationIndex:
    """Return the index of a table by expiration; the contracts of one expiration are adjacent in it.

    Computed once for several calls of `select_at_price`.
    """
    first = np.ones(len(table), dtype=np.bool_)
    first[1:] = (table.root[1:] != table.root[:-1]) | (table.expiration[1:] != table.expiration[:-1])
    starts = np.append(np.flatnonzero(first), len(table))
    return ExpirationIndex(table.root[first], table.expiration[first], starts)


def select(
    table: ContractTable,
    prices: Mapping[date, float | Sequence[float]],
    sessions: Sequence[date],
    depth: Depth,
) -> SelectedContracts:
    """Select contracts of a table for several sessions.

    `prices` are the underlying's price at the close of each session, or its prices at several slots of the
    session. A session without a price, or with NaN only, needs no contracts.
    """
    by_session: dict[date, NDArray[np.intp]] = {}
    first: dict[int, date] = {}
    last: dict[int, date] = {}
    expirations = expiration_index(table)
    for session in sorted(sessions):
        prices_at_slots = np.atleast_1d(np.asarray(prices.get(session, np.nan), dtype=np.float64))
        rows_at_prices = [
            select_at_price(table, expirations, session, price, depth)
            for price in prices_at_slots[prices_at_slots > 0].tolist()
        ]
        rows = np.unique(np.concatenate(rows_at_prices)) if rows_at_prices else np.empty(0, dtype=np.intp)
        by_session[session] = rows
        for row in rows.tolist():
            first.setdefault(row, session)
            last[row] = session
    selected_rows = sorted(first)
    return SelectedContracts(
        by_session,
        np.array(selected_rows, dtype=np.intp),
        tuple(first[row] for row in selected_rows),
        tuple(last[row] for row in selected_rows),
    )


def select_at_price(
    table: ContractTable, expirations: ExpirationIndex, session: date, price: float, depth: Depth
) -> NDArray[np.intp]:
    """Return the rows of the table that one price of the underlying selects, ascending."""
    days = (expirations.expiration - np.datetime64(session, "D")).astype(np.int64)
    in_range = (days >= 0) & (days <= depth.max_dte)

    def in_band(index: int) -> NDArray[np.intp]:
        rows = expirations.rows(index)
        return rows[100.0 * np.abs(table.strike[rows] - price) <= depth.band_pct * price]

    parts = [np.empty(0, dtype=np.intp)]
    if depth.full:
        return np.concatenate(parts + [in_band(index) for index in np.flatnonzero(in_range).tolist()])
    chosen = _expirations(expirations, in_range, session)
    remaining = depth.contracts
    for done, index in enumerate(chosen):
        rows = in_band(index)
        share = remaining // (len(chosen) - done)
        nearest = _nearest(np.unique(table.strike[rows]), price, max(share // 2, 1))
        chosen_rows = rows[np.isin(table.strike[rows], nearest)]
        remaining -= len(chosen_rows)
        parts.append(chosen_rows)
    return np.sort(np.concatenate(parts))


def _nearest(strikes: Floats, price: float, count: int) -> Floats:
    """Return the strikes nearest the money.

    If enough of them are multiples of a round step of at most 0.5 percent of the price, only those are used.
    Round strikes are listed first and trade most, while the table also contains strikes that were added after the
    session. Strikes closer together give no more information, and a fixed grid selects the same contracts session
    after session.
    """
    step = _round_down(GRID * price)
    on_grid = strikes[np.abs(strikes / step - np.rint(strikes / step)) < 1e-9]
    usable = on_grid if len(on_grid) >= count else strikes
    return usable[np.argsort(np.abs(usable - price), kind="stable")[:count]]


def _round_down(width: float) -> float:
    """Return the largest of 1, 2.5 and 5 times a power of ten that is at most `width`."""
    decade = 10.0 ** np.floor(np.log10(width))
    return float(max(step for step in (1.0, 2.5, 5.0) if step * decade <= width * (1 + 1e-12)) * decade)


def _expirations(expirations: ExpirationIndex, in_range: NDArray[np.bool_], session: date) -> list[int]:
    """Return the expirations on both sides of 30 days and the last one within 45.

    Where these are not listed, the nearest ones take their place. Only expirations at the end of a week or month
    are used if there are any. They are listed months ahead, while others are listed some weeks before they
    expire, and a list of the past does not say when a contract was listed.
    """
    days = years_to_expiry(expirations.root, expirations.expiration, close_of(session)) * DAYS_PER_YEAR
    candidates = np.flatnonzero(in_range & (days > 0))
    is_regular = [_ends_week_or_month(day) for day in expirations.expiration[candidates].tolist()]
    regular = candidates[np.array(is_regular, dtype=np.bool_)]
    candidates = regular if len(regular) else candidates
    candidates = candidates[np.argsort(days[candidates], kind="stable")]
    after = int(np.searchsorted(days[candidates], NEAREST_DAYS))
    until = int(np.searchsorted(days[candidates], FARTHEST_DAYS, side="right")) - 1
    chosen = {place for place in (after - 1, after, until) if 0 <= place < len(candidates)}
    return [int(candidates[place]) for place in sorted(chosen)]


@lru_cache(maxsize=4096)
def _ends_week_or_month(expiration: date) -> bool:
    """Return whether an expiration is the last session of its week or month."""
    following = next_session(expiration)
    return following.isocalendar()[:2] != expiration.isocalendar()[:2] or following.month != expiration.month
