"""Option chains of the table `historical_greeks`, as stored at their slots.

Every statement reads one symbol by the key of the table. Times are epoch ms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from django.db import connection

from quant.chain import Bools, Floats
from warehouse.asof.rows import Days, Texts, read_rows, select_list

_NEWEST = """
SELECT "timestamp", underlying_price::double precision, fetched_at FROM historical_greeks
WHERE symbol = %(symbol)s AND "timestamp" BETWEEN %(first)s AND %(last)s {having}
ORDER BY "timestamp" DESC LIMIT 1
"""
_NEWEST_SLOT = _NEWEST.format(having="")
_NEWEST_WITH_INTEREST = _NEWEST.format(having="AND open_interest IS NOT NULL")
# Reads only the slot's part of the key. Bytes are cut faster than characters, and tickers have no others than ASCII.
_EXPIRATIONS = """
SELECT DISTINCT substring(textsend(contract_ticker) for octet_length(contract_ticker) - 9) FROM historical_greeks
WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
"""
_SOURCES = """
SELECT DISTINCT source FROM historical_greeks WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
"""
_CONTRACTS = """
SELECT {columns} FROM historical_greeks WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
"""
_OF_TICKERS = _CONTRACTS + " AND contract_ticker = ANY(%(tickers)s)"
# Calls (C) and puts (P) follow O:SPXW261218, and Q follows both.
_OF_EXPIRATION = _CONTRACTS + " AND contract_ticker > %(name_{n})s AND contract_ticker < %(name_{n})s || 'Q'"
_KEY = ("contract_ticker",)
_EXPRESSIONS = {"is_call": "option_type = 'call'"}


class ChainSlot(NamedTuple):
    """A slot with a stored chain, of which all rows have one spot and one time of fetching.

    `timestamp` and `fetched_at` are epoch ms, `spot` is in dollars or index points, NaN if unknown.
    """

    timestamp: int
    spot: float
    fetched_at: int


@dataclass(frozen=True, slots=True)
class StoredChain:
    """Contracts of one symbol at one slot, ascending by contract ticker; all arrays of shape (n,).

    Prices and strikes are in dollars per share or index points, volume and open interest in contracts, volatility is
    a fraction, theta per calendar day, vega per volatility point, the multiplier shares per contract. An absent number
    is NaN, an absent text ''.
    """

    contract_ticker: Texts
    is_call: Bools
    expiration: Days
    strike: Floats
    multiplier: Floats
    underlying_price: Floats
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
    greeks_source: Texts
    source: Texts

    def __len__(self) -> int:
        return len(self.contract_ticker)


@dataclass(frozen=True, slots=True)
class ChainVolatility:
    """The columns of `StoredChain` that measures of volatility need."""

    contract_ticker: Texts
    strike: Floats
    multiplier: Floats
    bid: Floats
    ask: Floats
    delta: Floats
    implied_volatility: Floats


@dataclass(frozen=True, slots=True)
class ChainActivity:
    """The columns of `StoredChain` about trading: the day's volume so far and open interest, by terms and origin."""

    contract_ticker: Texts
    is_call: Bools
    expiration: Days
    strike: Floats
    underlying_price: Floats
    volume: Floats
    open_interest: Floats
    source: Texts


@dataclass(frozen=True, slots=True)
class _Multipliers:
    """The multiplier of contracts, NaN if unknown."""

    contract_ticker: Texts
    multiplier: Floats


_Columns = TypeVar("_Columns", StoredChain, ChainVolatility, ChainActivity, _Multipliers)


def newest_slot(symbol: str, first_ms: int, at_ms: int) -> ChainSlot | None:
    """Return the newest slot with a chain from `first_ms` to `at_ms`, both included, or None."""
    return _newest(_NEWEST_SLOT, symbol, first_ms, at_ms)


def slots(symbol: str, first_ms: int, last_ms: int) -> list[ChainSlot]:
    """Return the slots with a chain from `first_ms` to `last_ms`, both included, oldest first.

    Reads the key once per slot, so it is for ranges of a few sessions.
    """
    found: list[ChainSlot] = []
    while (slot := newest_slot(symbol, first_ms, last_ms)) is not None:
        found.append(slot)
        last_ms = slot.timestamp - 1
    return found[::-1]


def expirations(symbol: str, slot_ms: int) -> Texts:
    """Return the expirations of a slot's chain as the common beginning of their tickers, such as O:SPXW261218; (e,).

    Ascending by text; an expiration of two roots has two entries. Empty without a chain.
    """
    with connection.cursor() as cursor:
        cursor.execute(_EXPIRATIONS, {"symbol": symbol, "slot": slot_ms})
        return np.array(sorted(bytes(name).decode() for (name,) in cursor.fetchall()), dtype=np.str_)


def read(symbol: str, slot_ms: int, columns: type[_Columns]) -> _Columns:
    """Return the whole chain of a slot; without one, no contracts.

    `columns` is the class of the result and determines which columns are read, here and in the functions below.
    """
    return _read(_CONTRACTS, symbol, slot_ms, columns)


def read_expirations(symbol: str, slot_ms: int, names: Sequence[str], columns: type[_Columns]) -> _Columns:
    """Return the contracts of some expirations of a slot, given as `expirations` returns them.

    Each expiration is a range of the key, so the others are not read.
    """
    if not names:
        return read_contracts(symbol, slot_ms, [], columns)
    query = " UNION ALL ".join(_OF_EXPIRATION.replace("{n}", str(n)) for n in range(len(names)))
    return _read(query, symbol, slot_ms, columns, {f"name_{n}": name for n, name in enumerate(names)})


def read_contracts(symbol: str, slot_ms: int, tickers: Sequence[str], columns: type[_Columns]) -> _Columns:
    """Return those of the contracts `tickers` that the slot's chain contains."""
    return _read(_OF_TICKERS, symbol, slot_ms, columns, {"tickers": list(tickers)})


def multipliers(symbol: str, first_ms: int, at_ms: int, tickers: Sequence[str]) -> dict[str, float]:
    """Return the known multipliers, shares per contract, of contracts `tickers`, by ticker.

    They are those of the newest slot with a chain from `first_ms` to `at_ms`, both included.
    """
    slot = newest_slot(symbol, first_ms, at_ms)
    if slot is None:
        return {}
    found = read_contracts(symbol, slot.timestamp, tickers, _Multipliers)
    known = ~np.isnan(found.multiplier)
    return dict(zip(found.contract_ticker[known].tolist(), found.multiplier[known].tolist(), strict=True))


def open_interest(symbol: str, first_ms: int, at_ms: int) -> ChainActivity:
    """Return the chain of the newest slot from `first_ms` to `at_ms` that recorded open interest; without one, empty.

    Open interest is that of the end of the previous session and does not change during a session.
    """
    slot = _newest(_NEWEST_WITH_INTEREST, symbol, first_ms, at_ms)
    if slot is None:
        return read_contracts(symbol, at_ms, [], ChainActivity)
    return read(symbol, slot.timestamp, ChainActivity)


def sources(symbol: str, slot_ms: int) -> frozenset[str]:
    """Return the origins (live, import, backfill) of a slot's rows; empty without a chain."""
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, {"symbol": symbol, "slot": slot_ms})
        return frozenset(source for (source,) in cursor.fetchall())


def _newest(query: str, symbol: str, first_ms: int, at_ms: int) -> ChainSlot | None:
    with connection.cursor() as cursor:
        cursor.execute(query, {"symbol": symbol, "first": first_ms, "last": at_ms})
        found = cursor.fetchone()
    if found is None:
        return None
    timestamp, spot, fetched_at = found
    return ChainSlot(timestamp, math.nan if spot is None else spot, fetched_at)


def _read(
    query: str,
    symbol: str,
    slot_ms: int,
    columns: type[_Columns],
    parameters: Mapping[str, Any] | None = None,
) -> _Columns:
    text = query.replace("{columns}", select_list(columns, _EXPRESSIONS))
    return read_rows(columns, text, {"symbol": symbol, "slot": slot_ms, **(parameters or {})}, _KEY)
