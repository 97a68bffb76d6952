"""Standard contracts as columns, and the tight form in which the ledger keeps a week of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provider.reference import Contract
from quant.chain import Floats
from quant.contracts import SHARES_PER_CONTRACT, BadTickerError, Contracts, format_ticker, parse_tickers

_SIDES = {True: "C", False: "P"}


@dataclass(frozen=True, slots=True)
class Listed:
    """Standard contracts, week of expiration by week, in ticker order within each; all arrays of shape (n,), strikes in
    dollars or index points.

    `rejected` counts those left out: bad_ticker, adjusted (a root with a digit, or a deliverable other than 100
    shares: its strike is not comparable with the underlying's price).
    """

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    multiplier: Floats
    rejected: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.ticker)

    def pick(self, rows: NDArray[Any]) -> Listed:
        """The contracts a boolean mask or an index array names; counts stay behind."""
        return Listed(**{name: getattr(self, name)[rows] for name in _ARRAYS})


_ARRAYS = [f.name for f in fields(Listed) if f.name != "rejected"]


def joined(weeks: Sequence[Listed]) -> Listed:
    """The contracts of some weeks, and all that was left out of those weeks."""
    columns = {name: np.concatenate([getattr(week, name) for week in weeks]) for name in _ARRAYS}
    return Listed(**columns, rejected=sum((week.rejected for week in weeks), Counter[str]()))


def standard(rows: Sequence[Contract]) -> Listed:
    """The standard contracts of an answer, each once."""
    rejected: Counter[str] = Counter()
    rows = list({row.ticker: row for row in rows}.values())
    try:
        terms = parse_tickers([row.ticker for row in rows])
    except BadTickerError as error:
        bad = set(error.indices)
        rejected["bad_ticker"] = len(bad)
        rows = [row for index, row in enumerate(rows) if index not in bad]
        terms = parse_tickers([row.ticker for row in rows])
    adjusted = _are_adjusted(terms.root, rows)
    if adjusted.any():
        rejected["adjusted"] = int(np.count_nonzero(adjusted))
    given = np.array([row.ticker for row in rows], dtype=np.str_)
    ticker = np.where(np.strings.startswith(given, "O:"), given, np.strings.add("O:", given))
    return _listed(ticker[~adjusted], Contracts._make(column[~adjusted] for column in terms), rejected)


def _are_adjusted(root: NDArray[np.str_], rows: Sequence[Contract]) -> NDArray[np.bool_]:
    """Which contracts deliver something else than 100 shares: after a split or a merger their root has a digit, their
    size differs, or other things are delivered with them."""
    renamed = [name for name in np.unique(root).tolist() if name[-1:].isdigit()]
    shares = np.array([row.shares_per_contract for row in rows], dtype=np.float64)
    others = np.array([bool(row.additional_underlyings) for row in rows], dtype=np.bool_)
    adjusted: NDArray[np.bool_] = np.isin(root, renamed) | others
    adjusted |= np.isfinite(shares) & (shares != SHARES_PER_CONTRACT)
    return adjusted


def kept(contracts: Listed) -> dict[str, Any]:
    """A week of contracts, written tightly: SPX has five thousand.

    {"series": {root: {day: {C or P: strikes}}}, "rejected": {reason: count}}
    """
    terms = (contracts.root, contracts.expiration, contracts.is_call)
    begins = np.ones(len(contracts), dtype=np.bool_)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in terms])
    first = np.flatnonzero(begins)
    series: dict[str, dict[str, dict[str, list[float]]]] = {}
    columns = (contracts.root[first], contracts.expiration[first].astype("U10"), contracts.is_call[first])
    strikes = np.split(contracts.strike, first[1:])
    for root, day, is_call, held in zip(*(column.tolist() for column in columns), strikes, strict=False):
        # Without a point and a zero behind it a list is a quarter shorter.
        tight = held.astype(np.int64) if (held == np.floor(held)).all() else held
        series.setdefault(root, {}).setdefault(day, {})[_SIDES[is_call]] = tight.tolist()
    return {"series": series, "rejected": dict(contracts.rejected)}


def listed(kept: Mapping[str, Any] | None) -> Listed:
    """What `kept` wrote; empty where that is nothing."""
    kept = kept or {"series": {}, "rejected": {}}
    roots: list[str] = []
    days: list[str] = []
    calls: list[bool] = []
    strikes: list[float] = []
    for root, by_day in kept["series"].items():
        for day, by_side in by_day.items():
            for is_call, side in _SIDES.items():
                held = by_side.get(side, [])
                strikes += held
                roots += [root] * len(held)
                days += [day] * len(held)
                calls += [is_call] * len(held)
    terms = Contracts(
        np.array(roots, dtype="U6"),
        np.array(days, dtype="datetime64[D]"),
        np.array(calls, dtype=np.bool_),
        np.array(strikes, dtype=np.float64),
    )
    ticker = format_ticker(*terms) if roots else np.array([], dtype="U21")
    return _listed(ticker, terms, Counter(kept["rejected"]))


def _listed(ticker: NDArray[np.str_], terms: Contracts, rejected: Counter[str]) -> Listed:
    whole = Listed(ticker, *terms, np.full(len(ticker), SHARES_PER_CONTRACT))
    return replace(whole.pick(np.argsort(ticker)), rejected=rejected)
