"""The part of a session's last chain that its volatility measures need.

A whole index chain has 23,000 rows. The measures are interpolated between the expirations around a few maturities, so
only the contracts of those expirations are read.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from quant import sessions
from quant.chain import Floats, OptionChain
from quant.contracts import Contracts, is_adjusted, parse_tickers
from quant.volatility.constant_maturity import still_needed
from warehouse import clock
from warehouse.asof import chain, expiration_curve
from warehouse.asof.chain import ChainSlot, ChainVolatility

_FEW = 4  # expirations; at least two or three are needed
_ANY_CONTRACT = "C00001000"  # completes the name of an expiration to a ticker


class NoSnapshot(Exception):
    """No chain of the session is stored."""


class _Listing(NamedTuple):
    """Expirations of a snapshot: names as the reader returns them, and years to their settlement, both (e,)."""

    name: NDArray[np.str_]
    years: Floats


def last_chain(symbol: str, session: date) -> tuple[int, OptionChain]:
    """Return the slot (epoch ms) of the session's last snapshot, and the contracts that its measures need.

    `quant.volatility.constant_maturity` returns the same for these contracts as for the whole chain. Raises NoSnapshot
    when no chain of the session is stored.
    """
    slot = _last_slot(symbol, session)
    return slot.timestamp, _needed_chain(symbol, slot)


def whole_last_chain(symbol: str, session: date) -> tuple[int, OptionChain]:
    """Return the slot (epoch ms) of the session's last snapshot, and all its standard contracts. Raises NoSnapshot."""
    slot = _last_slot(symbol, session)
    return slot.timestamp, whole_chain(symbol, slot)


def whole_chain(symbol: str, slot: ChainSlot) -> OptionChain:
    """Return all standard contracts of a slot."""
    return _in_columns(symbol, slot, chain.read(symbol, slot.timestamp, ChainVolatility))


def _last_slot(symbol: str, session: date) -> ChainSlot:
    opens, closes = clock.epoch_ms(sessions.open_of(session)), clock.epoch_ms(sessions.close_of(session))
    slot = chain.newest_slot(symbol, opens, closes)
    if slot is None:
        raise NoSnapshot(f"no chain of {symbol} is stored for the session of {session}")
    return slot


def _needed_chain(symbol: str, slot: ChainSlot) -> OptionChain:
    """Read the expirations nearest to the maturities, and further ones where those have no volatility.

    A chain of few expirations, as a rebuilt one, is read at once.
    """
    listed = _listing(symbol, slot)

    def read(wanted: NDArray[np.bool_]) -> OptionChain:
        names = listed.name[wanted].tolist()
        return _in_columns(
            symbol, slot, chain.read_expirations(symbol, slot.timestamp, names, ChainVolatility)
        )

    unsettled = listed.years > 0
    settlements = np.unique(listed.years[unsettled])
    if len(settlements) <= _FEW:
        return read(unsettled)
    is_read = np.zeros(len(settlements), dtype=np.bool_)
    found, reach = read(np.zeros(len(listed.name), dtype=np.bool_)), 1
    while (needed := still_needed(found, settlements, is_read, reach)).any():
        is_read |= needed
        reach *= 2
        found = read(np.isin(listed.years, settlements[is_read]))
    return found


def _listing(symbol: str, slot: ChainSlot) -> _Listing:
    names = chain.expirations(symbol, slot.timestamp)
    terms = parse_tickers([f"{name}{_ANY_CONTRACT}" for name in names.tolist()])
    years = sessions.years_to_expiry(terms.root, terms.expiration, clock.instant(slot.timestamp))
    return _Listing(names, years)


def _in_columns(symbol: str, slot: ChainSlot, stored: ChainVolatility) -> OptionChain:
    """Return the standard contracts in ticker order, with the forward and rate that were stored with them.

    Those without a volatility are included, because the variance index uses their quotes.
    """
    terms = parse_tickers(stored.contract_ticker)
    standard = ~is_adjusted(terms.root, stored.multiplier)
    terms = Contracts._make(column[standard] for column in terms)
    names = ("strike", "multiplier", "bid", "ask", "delta", "implied_volatility")
    numbers = {name: getattr(stored, name)[standard] for name in names}
    carry = expiration_curve.carry(symbol, slot.timestamp, terms.root, terms.expiration)
    return OptionChain.of(
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        years=sessions.years_to_expiry(terms.root, terms.expiration, clock.instant(slot.timestamp)),
        spot=slot.spot,
        forward=carry.forward,
        rate=carry.rate,
        **numbers,
    )
