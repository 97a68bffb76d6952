"""Standard contracts as columns, and the JSON form in which a week of them is stored."""

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
Series = dict[str, dict[str, dict[str, list[float]]]]  # strikes by root, expiration and side


@dataclass(frozen=True, slots=True)
class ContractTable:
    """Standard contracts: arrays of shape (n,), strikes in dollars or index points.

    The weeks of expirations follow each other; within a week the contracts are in ticker order. `rejected` counts the
    contracts that were left out. Reasons: bad_ticker; adjusted (the root ends in a digit, or the deliverable is not 100
    shares, so the strike is not comparable with the underlying's price).
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

    def select(self, rows: NDArray[Any]) -> ContractTable:
        """Return the contracts selected by a boolean mask or an index array, without the counts."""
        return ContractTable(**{name: getattr(self, name)[rows] for name in _ARRAYS})


_ARRAYS = [f.name for f in fields(ContractTable) if f.name != "rejected"]


def concatenate(tables: Sequence[ContractTable]) -> ContractTable:
    """Return the contracts of several tables in one table, with the sum of their counts."""
    columns = {name: np.concatenate([getattr(table, name) for table in tables]) for name in _ARRAYS}
    return ContractTable(**columns, rejected=sum((table.rejected for table in tables), Counter[str]()))


def standard_contracts(rows: Sequence[Contract]) -> ContractTable:
    """Return the standard contracts of an answer, each ticker once."""
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
    sent = np.array([row.ticker for row in rows], dtype=np.str_)
    ticker = np.where(np.strings.startswith(sent, "O:"), sent, np.strings.add("O:", sent))
    return _sorted_table(ticker[~adjusted], Contracts._make(column[~adjusted] for column in terms), rejected)


def _are_adjusted(root: NDArray[np.str_], rows: Sequence[Contract]) -> NDArray[np.bool_]:
    """Return which contracts deliver something other than 100 shares.

    After a split or a merger the root ends in a digit, the size differs, or other things are delivered as well.
    """
    roots_with_digit = [name for name in np.unique(root).tolist() if name[-1:].isdigit()]
    shares = np.array([row.shares_per_contract for row in rows], dtype=np.float64)
    delivers_more = np.array([bool(row.additional_underlyings) for row in rows], dtype=np.bool_)
    adjusted: NDArray[np.bool_] = np.isin(root, roots_with_digit) | delivers_more
    adjusted |= np.isfinite(shares) & (shares != SHARES_PER_CONTRACT)
    return adjusted


def to_json(contracts: ContractTable) -> Series:
    """Return a week of contracts in a compact JSON form, because SPX has 5,000 per week.

    {root: {expiration: {C or P: strikes}}}
    """
    terms = (contracts.root, contracts.expiration, contracts.is_call)
    is_first = np.ones(len(contracts), dtype=np.bool_)
    is_first[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in terms])
    first = np.flatnonzero(is_first)
    series: Series = {}
    columns = (contracts.root[first], contracts.expiration[first].astype("U10"), contracts.is_call[first])
    strikes = np.split(contracts.strike, first[1:])
    for root, day, is_call, values in zip(*(column.tolist() for column in columns), strikes, strict=False):
        # Whole strikes are stored as integers, which makes the list a quarter shorter.
        compact = values.astype(np.int64) if (values == np.floor(values)).all() else values
        series.setdefault(root, {}).setdefault(day, {})[_SIDES[is_call]] = compact.tolist()
    return series


def from_json(series: Series, rejected: Mapping[str, int]) -> ContractTable:
    """Return the contracts whose JSON form is `series`; `rejected` counts those that were left out."""
    roots: list[str] = []
    days: list[str] = []
    calls: list[bool] = []
    strikes: list[float] = []
    for root, by_day in series.items():
        for day, by_side in by_day.items():
            for is_call, side in _SIDES.items():
                values = by_side.get(side, [])
                strikes += values
                roots += [root] * len(values)
                days += [day] * len(values)
                calls += [is_call] * len(values)
    terms = Contracts(
        np.array(roots, dtype="U6"),
        np.array(days, dtype="datetime64[D]"),
        np.array(calls, dtype=np.bool_),
        np.array(strikes, dtype=np.float64),
    )
    ticker = format_ticker(*terms) if roots else np.array([], dtype="U21")
    return _sorted_table(ticker, terms, Counter(rejected))


def _sorted_table(ticker: NDArray[np.str_], terms: Contracts, rejected: Counter[str]) -> ContractTable:
    table = ContractTable(ticker, *terms, np.full(len(ticker), SHARES_PER_CONTRACT))
    return replace(table.select(np.argsort(ticker)), rejected=rejected)
