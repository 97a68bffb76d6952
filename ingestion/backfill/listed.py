"""Standard contracts as columns, and the tight form in which the ledger keeps a week of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion.chain_columns import Floats
from provider.reference import Contract
from quant.contracts import BadTickerError, format_ticker, parse_tickers

STANDARD_SHARES = 100.0
_SIDES = {True: "C", False: "P"}


@dataclass(frozen=True, slots=True)
class Listed:
    """Standard contracts, week of expiration by week, in ticker order within each; all arrays of shape (n,), strikes in
    dollars or index points.

    `rejected` counts those left out: bad_ticker, adjusted (a root with a digit, or a deliverable other than 100
    shares: its strike is not comparable with the underlying's price). `requests` were sent to the provider.
    """

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    multiplier: Floats
    rejected: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def __len__(self) -> int:
        return len(self.ticker)

    def pick(self, rows: NDArray[Any]) -> Listed:
        """The contracts a boolean mask or an index array names; counts stay behind."""
        return Listed(**{name: getattr(self, name)[rows] for name in _ARRAYS})


_ARRAYS = [f.name for f in fields(Listed) if f.name not in ("rejected", "requests")]


def joined(weeks: Sequence[Listed], first: date, last: date, requests: int = 0) -> Listed:
    """The contracts of some weeks that expire from `first` to `last`, and all that was left out of those weeks."""
    bounds = np.datetime64(first, "D"), np.datetime64(last, "D")
    inside = [(week.expiration >= bounds[0]) & (week.expiration <= bounds[1]) for week in weeks]
    columns = {
        name: np.concatenate([getattr(week, name)[rows] for week, rows in zip(weeks, inside, strict=True)])
        for name in _ARRAYS
    }
    rejected = sum((week.rejected for week in weeks), Counter[str]())
    return Listed(**columns, rejected=rejected, requests=requests)


def standard(rows: list[Contract]) -> dict[str, Any]:
    """The standard contracts of an answer, written tightly: a week of SPX has five thousand.

    {"series": {root: {day: {C or P: strikes}}}, "rejected": {reason: count}}
    """
    rejected: Counter[str] = Counter()
    try:
        terms = parse_tickers([row.ticker for row in rows])
    except BadTickerError as error:
        bad = set(error.indices)
        rejected["bad_ticker"] = len(bad)
        rows = [row for index, row in enumerate(rows) if index not in bad]
        terms = parse_tickers([row.ticker for row in rows])
    series: dict[str, dict[str, dict[str, list[float]]]] = {}
    columns = (
        terms.root.tolist(),
        terms.expiration.astype("U10").tolist(),
        terms.is_call,
        terms.strike.tolist(),
    )
    for row, root, day, is_call, strike in zip(rows, *columns, strict=True):
        if is_adjusted(root, row):
            rejected["adjusted"] += 1
            continue
        sides = series.setdefault(root, {}).setdefault(day, {})
        sides.setdefault(_SIDES[bool(is_call)], []).append(strike)
    return {"series": series, "rejected": dict(rejected)}


def is_adjusted(root: str, contract: Contract) -> bool:
    """Whether a contract delivers something else than 100 shares: after a split or a merger its root has a digit,
    its size differs, or other things are delivered with it."""
    shares = contract.shares_per_contract
    other_size = shares is not None and shares != STANDARD_SHARES
    return root[-1:].isdigit() or other_size or bool(contract.additional_underlyings)


def listed(kept: Mapping[str, Any] | None) -> Listed:
    """What `standard` kept; empty where that is nothing."""
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
    root_column, expiration = np.array(roots, dtype="U6"), np.array(days, dtype="datetime64[D]")
    is_calls, strike = np.array(calls, dtype=np.bool_), np.array(strikes, dtype=np.float64)
    ticker = format_ticker(root_column, expiration, is_calls, strike) if roots else np.array([], dtype="U21")
    multiplier = np.full(len(strike), STANDARD_SHARES)
    whole = Listed(ticker, root_column, expiration, is_calls, strike, multiplier)
    ordered = {name: getattr(whole, name)[np.argsort(ticker)] for name in _ARRAYS}
    return Listed(**ordered, rejected=Counter(kept["rejected"]))
