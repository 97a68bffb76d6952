"""What the watchlist and the stored chains know about the contracts of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from flow.storing.checks import Checked
from quant.chain import Floats
from quant.contracts import usual_multiplier
from quant.sessions import DAY_MS
from quant.thresholds import TRADE_RULES
from warehouse.asof import chain
from warehouse.asof.chain import ChainActivity
from warehouse.watchlist import symbols_of

# Values come from a chain at least this long before the trade. A newer chain may be stored only later, so a batch that
# is processed again would get other values.
_CHAIN_AGE_MS = 15 * 60_000
_ACTIVITY_REACH_MS = 12 * 3_600_000
_MULTIPLIER_REACH_MS = 5 * DAY_MS  # a multiplier stays the same over a long weekend


class _Group(NamedTuple):
    """Trades of one symbol that use the same chain: the newest one at or before `at_ms`, epoch ms."""

    symbol: str
    at_ms: int
    rows: NDArray[np.intp]
    tickers: list[str]  # of the rows


def underlyings(checked: Checked) -> NDArray[np.str_]:
    """Return the underlying of each contract, (contracts,), as `warehouse.watchlist.symbol_of` names it."""
    return np.array(symbols_of(checked.contracts.root.tolist()), dtype=np.str_)


def interest_and_volume(checked: Checked) -> tuple[Floats, Floats]:
    """Return open interest and the day's volume of each trade's contract, (n,), NaN if unknown or not needed.

    Only large trades can be unusual by these values, and few trades are large; the others are not looked up.
    """
    interest, volume = (np.full(len(checked.good), np.nan) for _ in range(2))
    large = np.flatnonzero(checked.good.size >= TRADE_RULES["default"].unusual_size)
    for group in _groups(checked, large):
        by_ticker = _activity(group)
        for row, ticker in zip(group.rows.tolist(), group.tickers, strict=True):
            if ticker in by_ticker:
                interest[row], volume[row] = by_ticker[ticker]
    return interest, volume


def multipliers(checked: Checked) -> Floats:
    """Return the multiplier of each trade's contract, shares per contract, (n,), NaN if unknown.

    That of a standard contract is 100. That of an adjusted contract, whose root ends in a digit, is the one in the
    stored chain; without such contracts nothing is read.
    """
    root = checked.contracts.root
    known = usual_multiplier(root, np.full(len(root), np.nan))[checked.code]
    for group in _groups(checked, np.flatnonzero(np.isnan(known))):
        first_ms = group.at_ms - _MULTIPLIER_REACH_MS
        by_ticker = chain.multipliers(group.symbol, first_ms, group.at_ms, sorted(set(group.tickers)))
        known[group.rows] = [by_ticker.get(ticker, np.nan) for ticker in group.tickers]
    return known


def _groups(checked: Checked, rows: NDArray[np.intp]) -> Iterator[_Group]:
    """Yield the trades `rows` by the chain that they use.

    A batch may span a session, so each quarter of an hour uses its own chain.
    """
    batch = checked.good
    quarters = batch.timestamp_ms[rows] // _CHAIN_AGE_MS
    symbol_of = underlyings(checked) if len(rows) else np.array([], dtype=np.str_)
    for quarter in np.unique(quarters).tolist():
        of_quarter = rows[quarters == quarter]
        before = int(batch.timestamp_ms[of_quarter].min()) - _CHAIN_AGE_MS
        symbols = symbol_of[checked.code[of_quarter]]
        for symbol in np.unique(symbols).tolist():
            of_symbol = of_quarter[symbols == symbol]
            tickers = batch.contract_ticker[of_symbol].astype(np.str_).tolist()
            yield _Group(symbol, before, of_symbol, tickers)


def _activity(group: _Group) -> dict[str, tuple[float, float]]:
    """Return open interest and volume of those contracts in the group's chain that have both."""
    slot = chain.newest_slot(group.symbol, group.at_ms - _ACTIVITY_REACH_MS, group.at_ms)
    if slot is None:
        return {}
    stored = chain.read_contracts(group.symbol, slot.timestamp, sorted(set(group.tickers)), ChainActivity)
    rows = zip(
        stored.contract_ticker.tolist(), stored.open_interest.tolist(), stored.volume.tolist(), strict=True
    )
    return {name: (interest, volume) for name, interest, volume in rows if np.isfinite(interest + volume)}
