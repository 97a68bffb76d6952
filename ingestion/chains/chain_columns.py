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
from quant.contracts import SHARES_PER_CONTRACT, BadTickerError, parse_tickers

_NO_DAY, _NO_GREEKS, _NO_QUOTE, _NO_TRADE = Day(), Greeks(), LastQuote(), SnapshotTrade()
_NEW_YORK_MIDNIGHT_TO_NOON_NS = 12 * 3600 * 10**9


@dataclass(frozen=True, slots=True)
class ChainColumns:
    """Contracts of one underlying, all arrays of shape (n,) in ticker order; an absent number is NaN.

    Prices and strikes in dollars per share or index points, volatility a fraction, greeks in the provider's
    units (theta per day, vega per volatility point), volume and open interest in contracts.
    """

    ticker: NDArray[np.str_]
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    is_call: NDArray[np.bool_]
    strike: Floats
    multiplier: Floats
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

    Reasons of rejection: bad_ticker, not_call_or_put, unknown_root, duplicate.
    Reasons of refusal: negative_<price>, negative_gamma, impossible_delta, negative_implied_volatility, ….
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
    rejected = rejected + Counter(unknown_root=int(np.count_nonzero(~belongs)))
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
    days = [row.day or _NO_DAY for row in rows]
    greeks = [row.greeks or _NO_GREEKS for row in rows]
    quotes = [row.last_quote or _NO_QUOTE for row in rows]
    trades = [row.last_trade or _NO_TRADE for row in rows]
    last, close = _floats([trade.price for trade in trades]), _floats([day.close for day in days])
    multiplier = _floats([row.details.shares_per_contract for row in rows])
    return ChainColumns(
        ticker=np.array([row.details.ticker for row in rows], dtype=np.str_),
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        strike=terms.strike,
        multiplier=np.where(np.isnan(multiplier), SHARES_PER_CONTRACT, multiplier),
        bid=_floats([quote.bid for quote in quotes]),
        ask=_floats([quote.ask for quote in quotes]),
        last=np.where(np.isnan(last), close, last),
        volume=_volume_of(session, days),
        open_interest=_floats([row.open_interest for row in rows]),
        delta=_floats([greek.delta for greek in greeks]),
        gamma=_floats([greek.gamma for greek in greeks]),
        theta=_floats([greek.theta for greek in greeks]),
        vega=_floats([greek.vega for greek in greeks]),
        implied_volatility=_floats([row.implied_volatility for row in rows]),
    )


def _floats(values: list[float | None]) -> Floats:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _volume_of(session: date, days: list[Day]) -> Floats:
    """Return the volume of the session; a bar of an earlier day means that there was no trade, so 0.

    `last_updated` is midnight New York, 04:00 or 05:00 UTC, so 12 hours later is the same date in UTC.
    """
    volume = _floats([day.volume for day in days])
    stamps = np.array([day.last_updated or 0 for day in days], dtype=np.int64)
    dates = (stamps + _NEW_YORK_MIDNIGHT_TO_NOON_NS).astype("datetime64[ns]").astype("datetime64[D]")
    older = (stamps > 0) & (dates < np.datetime64(session, "D"))
    return np.where(older & ~np.isnan(volume), 0.0, volume)


def _belongs(roots: NDArray[np.str_], allowed: Iterable[str]) -> NDArray[np.bool_]:
    """Return whether each root is in `allowed`, with or without the digit of an adjusted contract (AMD1)."""
    known = set(allowed)
    present, place = np.unique(roots, return_inverse=True)
    fits = np.array(
        [root in known or (root[-1:].isdigit() and root[:-1] in known) for root in present.tolist()]
    )
    return fits[place] if len(present) else np.zeros(0, dtype=np.bool_)


def _refuse_impossible(columns: ChainColumns) -> tuple[ChainColumns, Counter[str]]:
    """Set impossible numbers to NaN: negative prices, sizes, gamma or implied volatility, and |delta| > 1."""
    refused: Counter[str] = Counter()
    replaced = {}
    not_negative = ("bid", "ask", "last", "volume", "open_interest", "gamma", "implied_volatility")
    impossible = {f"negative_{name}": (name, getattr(columns, name) < 0) for name in not_negative}
    impossible["impossible_delta"] = ("delta", np.abs(columns.delta) > 1)
    for reason, (name, applies) in impossible.items():
        count = int(np.count_nonzero(applies))
        if count:
            refused[reason] = count
            replaced[name] = np.where(applies, np.nan, getattr(columns, name))
    kept = {field.name: replaced.get(field.name, getattr(columns, field.name)) for field in fields(columns)}
    return ChainColumns(**kept), refused
