"""Subscriptions of a consumer: its share of the watchlist, and the contracts to subscribe quotes for."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from quant import sessions
from quant.chain import Floats
from warehouse import clock
from warehouse.asof import chain
from warehouse.asof.chain import ChainActivity
from warehouse.queries import watched_flow

QUOTES_PER_CONNECTION: Final = 1_000  # the provider's limit
DISTANCE_SCALE: Final = 0.02  # fraction of spot at which open interest counts 1/e of its weight
_OLDEST_CHAIN_MS: Final = 5 * 86_400_000  # covers a long weekend


@dataclass(frozen=True, slots=True)
class Shard:
    """Consumer `number` of `count`, counted from 1. Each watches the symbols whose hash belongs to it."""

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Parse `i/n`. Raises ValueError for anything else, and for i outside 1 to n."""
        number, _, count = text.partition("/")
        if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
            raise ValueError(f"a shard has the form i/n with i from 1 to n, not {text!r}")
        return cls(int(number), int(count))

    @property
    def suffix(self) -> str:
        """The suffix of its feed and heartbeat names; '' for a single consumer."""
        return "" if self.count == 1 else f" {self.number}/{self.count}"

    def owns(self, symbol: str) -> bool:
        return zlib.crc32(symbol.encode()) % self.count == self.number - 1


@dataclass(frozen=True, slots=True)
class Watch:
    """Symbols with their kind, their option roots, and their names at the provider."""

    kinds: Mapping[str, str]
    symbol_of_root: Mapping[str, str]
    provider_symbols: Mapping[str, str]

    @property
    def symbols(self) -> list[str]:
        return sorted(self.kinds)


def watch(shard: Shard) -> Watch:
    """Return the shard's part of the current watchlist."""
    entries = [entry for entry in watched_flow() if shard.owns(entry.symbol)]
    return Watch(
        {entry.symbol: entry.kind for entry in entries},
        {root: entry.symbol for entry in entries for root in entry.roots or ()},
        {entry.symbol: entry.provider_symbol for entry in entries},
    )


@dataclass(frozen=True, slots=True)
class QuotedContracts:
    """Contracts to subscribe quotes for, and the symbols without a stored chain to choose from."""

    contracts: set[str]
    without_chain: set[str]


def choose_contracts(
    symbols: Sequence[str], fallback: Mapping[str, list[str]], at_ms: int, limit: int = QUOTES_PER_CONNECTION
) -> QuotedContracts:
    """Return the contracts with the most valuable quotes, by each symbol's newest stored chain.

    The value is open interest weighted by nearness to spot. Every symbol gets an equal share of `limit`; a symbol
    without a chain uses its contracts in `fallback`.
    """
    chosen: set[str] = set()
    without: set[str] = set()
    for symbol in symbols:
        best = _ranked_by_chain(symbol, at_ms)
        if not best:
            without.add(symbol)
        chosen.update((best or fallback.get(symbol, []))[: limit // len(symbols)])
    return QuotedContracts(chosen, without)


def rank_contracts(
    tickers: Sequence[str],
    interest: Sequence[float] | Floats,
    strike: Sequence[float] | Floats,
    spot: Sequence[float] | Floats,
) -> list[str]:
    """Return the tickers, most valuable quote first."""
    distance = np.abs(np.array(strike) / np.array(spot) - 1.0)
    # The 1 ranks a new contract without open interest before a distant one with some: it may trade today.
    value = (1.0 + np.array(interest, dtype=np.float64)) * np.exp(-distance / DISTANCE_SCALE)
    return [tickers[row] for row in np.argsort(-value, kind="stable").tolist()]


def _ranked_by_chain(symbol: str, at_ms: int) -> list[str]:
    slot = chain.newest_slot(symbol, at_ms - _OLDEST_CHAIN_MS, at_ms)
    if slot is None:
        return []
    stored = chain.read(symbol, slot.timestamp, ChainActivity)
    today = np.datetime64(sessions.new_york_date(clock.instant(at_ms)), "D")
    rows = np.flatnonzero((stored.expiration >= today) & (stored.underlying_price > 0))
    return rank_contracts(
        stored.contract_ticker[rows].tolist(),
        np.nan_to_num(stored.open_interest[rows]),
        stored.strike[rows],
        stored.underlying_price[rows],
    )
