"""Checks of the provider's chain rows, which become columns of equal length.

A contract that does not belong to the chain is removed and counted by reason. An impossible number is set to NaN and
counted, and its contract stays: presence is decided for each number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from provider.records import ChainRow, Day, Greeks, LastQuote, SnapshotTrade
from quant.chain import Floats
from quant.contracts import BadTickerError, parse_tickers, usual_multiplier, value_of_root

_NO_DAY, _NO_GREEKS, _NO_QUOTE, _NO_TRADE = Day(), Greeks(), LastQuote(), SnapshotTrade()
_UNCHANGED = ("bid", "ask", "open_interest", "delta", "gamma", "theta", "vega", "implied_volatility")
# Beyond what the columns of the table hold, or what any contract has.
HUGE_PRICE, _LARGEST_SIZE, _LARGEST_MULTIPLIER = 1e9, 2.0**31 - 1, 1e6
_STYLES = {"american": 1.0, "european": 0.0}
_NEW_YORK_MIDNIGHT_TO_NOON_NS = 12 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class ChainColumns:
    """Contracts of one underlying, all arrays of shape (n,) in ticker order; an absent number is NaN.

    Prices and strikes in dollars per share or index points, volatility a fraction, greeks in the provider's
    units (theta per day, vega per volatility point), volume and open interest in contracts, the multiplier in shares
    per contract. `american` is 1 for American exercise, 0 for European, NaN where it was not sent.
    """

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    multiplier: Floats
    american: Floats
    bid: Floats
    ask: Floats
    last: Floats
    volume: Floats
    open_interest: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    implied_volatility: Floats

    def __len__(self) -> int:
        return len(self.ticker)

    def select(self, wanted: NDArray[Any]) -> ChainColumns:
        """Return the contracts selected by a boolean mask or an index array, in its order."""
        return ChainColumns(**{field.name: getattr(self, field.name)[wanted] for field in fields(self)})


@dataclass(frozen=True, slots=True)
class Checked:
    """Checked columns; `rejected` counts removed contracts, `refused` numbers set to NaN, both by reason."""

    columns: ChainColumns
    rejected: Counter[str]
    refused: Counter[str]


def check_chain(rows: Sequence[ChainRow], roots: Iterable[str], session: date) -> Checked:
    """Convert rows to checked columns. Volume is that of `session`, a New York date.

    Reasons of rejection: bad_ticker, not_call_or_put, unknown_root, bad_multiplier, duplicate.
    Reasons of refusal: negative_<price>, negative_volume, negative_implied_volatility, …. Greeks are checked later,
    against our own (`pricing.vendor_checks`).
    """
    rejected: Counter[str] = Counter()
    rows, terms = _parse(rows, rejected)
    columns = _columns(rows, terms, session)
    kinds = np.array([row.details.contract_type in ("call", "put") for row in rows], dtype=np.bool_)
    if not kinds.all():
        rejected["not_call_or_put"] += int(np.count_nonzero(~kinds))
        columns = columns.select(kinds)
    return check_columns(columns, roots, rejected)


def check_columns(columns: ChainColumns, roots: Iterable[str], rejected: Counter[str]) -> Checked:
    """Remove contracts of other roots and duplicates, and set impossible numbers to NaN.

    `rejected` counts contracts that were removed before, by reason.
    """
    belongs = _belongs(columns.root, roots)
    # Without its multiplier an adjusted contract would look like a standard one.
    possible = (columns.multiplier >= 1) & (columns.multiplier <= _LARGEST_MULTIPLIER)
    possible &= columns.multiplier == np.floor(columns.multiplier)
    possible |= np.isnan(columns.multiplier)
    rejected = rejected + Counter(
        unknown_root=int(np.count_nonzero(~belongs)),
        bad_multiplier=int(np.count_nonzero(belongs & ~possible)),
    )
    belongs &= possible
    columns = _in_ticker_order(columns if belongs.all() else columns.select(belongs), rejected)
    checked, refused = _refuse_impossible(columns)
    return Checked(checked, +rejected, refused)


def _in_ticker_order(columns: ChainColumns, rejected: Counter[str]) -> ChainColumns:
    """Sort by ticker and remove duplicates; skipped for sorted rows, as the provider nearly always sends them."""
    if (columns.ticker[1:] > columns.ticker[:-1]).all():
        return columns
    _, first = np.unique(columns.ticker, return_index=True)
    rejected["duplicate"] += len(columns) - len(first)
    return columns.select(first)


def _parse(rows: Sequence[ChainRow], rejected: Counter[str]) -> tuple[Sequence[ChainRow], Any]:
    tickers = [row.details.ticker for row in rows]
    try:
        return rows, parse_tickers(tickers)
    except BadTickerError as error:
        bad = set(error.indices)
        rejected["bad_ticker"] += len(bad)
        good = [row for index, row in enumerate(rows) if index not in bad]
        return good, parse_tickers([row.details.ticker for row in good])


def _columns(rows: Sequence[ChainRow], terms: Any, session: date) -> ChainColumns:
    numbers = _numbers(rows)
    last, close = numbers["last"], numbers["close"]
    return ChainColumns(
        ticker=np.array([row.details.ticker for row in rows], dtype=np.str_),
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        strike=terms.strike,
        multiplier=usual_multiplier(terms.root, numbers["multiplier"]),
        american=_american(rows),
        last=np.where(np.isnan(last), close, last),
        volume=_volume_of(session, numbers["volume"], numbers["day_ns"]),
        **{name: numbers[name] for name in _UNCHANGED},
    )


def _american(rows: Sequence[ChainRow]) -> Floats:
    return np.array([_STYLES.get(row.details.exercise_style or "", np.nan) for row in rows], dtype=np.float64)


def _numbers(rows: Sequence[ChainRow]) -> dict[str, Floats]:
    """Return the numbers of the rows by name, each of shape (n,), NaN where absent.

    In one loop over the rows, because each loop loads all rows into the processor's cache again.
    """
    flat: list[float | None] = []
    for row in rows:
        day, greeks = row.day or _NO_DAY, row.greeks or _NO_GREEKS
        quote, trade = row.last_quote or _NO_QUOTE, row.last_trade or _NO_TRADE
        flat.extend(
            (
                row.details.shares_per_contract,
                trade.price,
                day.close,
                day.volume,
                day.last_updated,
                quote.bid,
                quote.ask,
                row.open_interest,
                greeks.delta,
                greeks.gamma,
                greeks.theta,
                greeks.vega,
                row.implied_volatility,
            )
        )
    names = ("multiplier", "last", "close", "volume", "day_ns", *_UNCHANGED)
    table = np.array(flat, dtype=np.float64).reshape(len(rows), len(names))  # None becomes NaN
    return {name: column.copy() for name, column in zip(names, table.T, strict=True)}


def _volume_of(session: date, volume: Floats, day_ns: Floats) -> Floats:
    """Return the volume of the session; a bar of an earlier day means that there was no trade, so 0.

    `day_ns` is midnight New York, 04:00 or 05:00 UTC, so 12 hours later is the same date in UTC.
    """
    stamps = np.nan_to_num(day_ns).astype(np.int64)
    dates = (stamps + _NEW_YORK_MIDNIGHT_TO_NOON_NS).astype("datetime64[ns]").astype("datetime64[D]")
    older = (stamps > 0) & (dates < np.datetime64(session, "D"))
    return np.where(older & ~np.isnan(volume), 0.0, volume)


def _belongs(roots: NDArray[np.str_], allowed: Iterable[str]) -> NDArray[np.bool_]:
    """Return whether each root is in `allowed`, with or without the digit of an adjusted contract (AMD1)."""
    known = dict.fromkeys(allowed, True)
    present, place = np.unique(roots, return_inverse=True)
    fits = np.array([bool(value_of_root(root, known)) for root in present.tolist()])
    return fits[place] if len(present) else np.zeros(0, dtype=np.bool_)


def _refuse_impossible(columns: ChainColumns) -> tuple[ChainColumns, Counter[str]]:
    """Set impossible numbers to NaN: negative or huge prices, sizes and volatilities, and sizes that are not whole."""
    refused: Counter[str] = Counter()
    replaced: dict[str, Floats] = {}
    prices, sizes = ("bid", "ask", "last"), ("volume", "open_interest")
    for name in (*prices, *sizes, "implied_volatility"):
        values = getattr(columns, name)
        impossible = {"negative": values < 0}
        if name in prices:
            impossible["huge"] = values >= HUGE_PRICE
        if name in sizes:
            impossible["huge"] = values > _LARGEST_SIZE
            impossible["fractional"] = np.isfinite(values) & (values != np.floor(values))
        for kind, applies in impossible.items():
            count = int(np.count_nonzero(applies))
            if count:
                refused[f"{kind}_{name}"] = count
                replaced[name] = np.where(applies, np.nan, replaced.get(name, values))
    kept = {field.name: replaced.get(field.name, getattr(columns, field.name)) for field in fields(columns)}
    return ChainColumns(**kept), refused
