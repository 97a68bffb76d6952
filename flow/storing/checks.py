"""Checks whether trades can be stored. Trades that cannot are returned separately and counted by reason."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.delivery.batch import TradeBatch
from quant.contracts import BadTickerError, Contracts, parse_tickers
from warehouse import partitions
from warehouse.models.flow import TABLE

LARGEST_PRICE = 1e9  # dollars per share; a larger one is a feed error, and its NUMERIC would lose digits
LARGEST_SIZE = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Checked:
    """The valid trades with their contracts, and the invalid ones.

    `contracts` has one entry per distinct contract; `code` (n,) is the index of each valid trade's contract.
    """

    good: TradeBatch
    code: NDArray[np.int64]
    contracts: Contracts
    bad: TradeBatch
    reasons: Counter[str]


def check(batch: TradeBatch, now_ms: int) -> Checked:
    """Separate trades without a valid contract, price or size, or with a time that no partition may hold.

    Of trades that occur twice in the batch only the first counts, so that its size is not doubled in a cluster.
    """
    tickers, code = _codes(batch.contract_ticker)
    once = _first_of_each(batch, code)
    if len(once) < len(batch):
        batch, code = batch.take(once), code[once]
    contracts, readable = _parse(tickers)
    faults = (
        ("not an option contract ticker", ~readable[code]),
        ("not a price", ~((batch.price >= 0) & (batch.price <= LARGEST_PRICE))),
        ("not a size", (batch.size < 1) | (batch.size > LARGEST_SIZE)),
        ("time outside retention", ~partitions.inside(TABLE, batch.timestamp_ms, now_ms)),
    )
    good = np.ones(len(batch), dtype=bool)
    reasons: Counter[str] = Counter()
    for reason, fails in faults:  # a trade with several faults is counted for the first
        count = int(np.count_nonzero(fails & good))
        if count:
            reasons[reason] = count
            good &= ~fails
    if contracts is not None and not reasons:
        return Checked(batch, code, contracts, batch.take(np.arange(0)), reasons)
    valid = batch.take(good)
    tickers, code = _codes(valid.contract_ticker)
    return Checked(valid, code, _contracts(tickers), batch.take(~good), reasons)


def _first_of_each(batch: TradeBatch, code: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the rows without earlier rows of the same key (contract, time, sequence number), in order."""
    order = np.lexsort((batch.sequence_number, batch.timestamp_ms, code))
    same = np.ones(len(order), dtype=bool)
    for column in (code, batch.timestamp_ms, batch.sequence_number):
        same[1:] &= column[order][1:] == column[order][:-1]
    same[:1] = False
    return np.sort(order[~same])  # lexsort is stable: the first of equal rows is the first in the batch


def _codes(tickers: NDArray[np.bytes_]) -> tuple[list[bytes], NDArray[np.int64]]:
    """Return the distinct tickers in order of appearance, and the index of each trade's ticker among them."""
    listed = tickers.tolist()
    number = {ticker: place for place, ticker in enumerate(dict.fromkeys(listed))}
    return list(number), np.fromiter((number[ticker] for ticker in listed), np.int64, len(listed))


def _contracts(tickers: list[bytes]) -> Contracts:
    return parse_tickers(np.array(tickers, dtype=np.bytes_).astype(np.str_))


def _parse(tickers: list[bytes]) -> tuple[Contracts | None, NDArray[np.bool_]]:
    """Return the contracts of the tickers, None if some are invalid, and a mask of the valid ones."""
    readable = np.array([ticker.isascii() for ticker in tickers], dtype=bool)
    places = np.flatnonzero(readable)
    try:
        contracts = _contracts([tickers[place] for place in places])
    except BadTickerError as error:
        readable[places[list(error.indices)]] = False
        return None, readable
    return (contracts if readable.all() else None), readable
