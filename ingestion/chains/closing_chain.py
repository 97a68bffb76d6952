"""What a session's volatility is measured on: of its last snapshot the expirations that the measures rest on.

A whole index chain is 23,000 rows, and reading them was nearly all the work. The measures look at a few maturities and
are interpolated between the expirations around each: those are found and read by the table's key alone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from quant import sessions
from quant.chain import Floats, OptionChain
from quant.contracts import SUFFIX_LENGTH, parse_tickers
from quant.volatility.constant_maturity import still_needed
from warehouse import clock
from warehouse.column_queries import read_columns

# Spot is the same in every row of a slot.
_LAST_SLOT = """
SELECT "timestamp", underlying_price::double precision FROM historical_greeks
WHERE symbol = %s AND "timestamp" BETWEEN %s AND %s ORDER BY "timestamp" DESC LIMIT 1
"""
# One contract of every root and expiration. After O:SPXW261218 come its calls (C) and puts (P), so that the next
# ticker beyond O:SPXW261218Q begins another: the index is entered once per expiration, not walked.
_LISTED = """
WITH RECURSIVE listed (contract_ticker) AS (
    SELECT min(contract_ticker) FROM historical_greeks WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
    UNION ALL
    SELECT (
        SELECT min(g.contract_ticker) FROM historical_greeks g
        WHERE g.symbol = %(symbol)s AND g."timestamp" = %(slot)s
          AND g.contract_ticker > left(l.contract_ticker, -9) || 'Q'
    )
    FROM listed l WHERE l.contract_ticker IS NOT NULL
)
SELECT contract_ticker FROM listed WHERE contract_ticker IS NOT NULL
"""
# The ORDER BY keeps the subquery a subquery, so that it is asked of the key once per expiration. Joined as a whole it
# is taken for a large part of the table, and scanned for.
_CONTRACTS = """
SELECT w.place::integer AS place, g.option_type = 'call' AS is_call, g.strike, g.bid, g.ask, g.delta,
       g.implied_volatility
FROM unnest(%(wanted)s::text[]) WITH ORDINALITY AS w (expiration, place)
CROSS JOIN LATERAL (
    SELECT * FROM historical_greeks g
    WHERE g.symbol = %(symbol)s AND g."timestamp" = %(slot)s
      AND g.contract_ticker > w.expiration AND g.contract_ticker < w.expiration || 'Q'
      AND g.implied_volatility IS NOT NULL
    ORDER BY g.contract_ticker
) g
"""
_KINDS = {"place": "integer", "is_call": "boolean"} | dict.fromkeys(
    ("strike", "bid", "ask", "delta", "implied_volatility"), "double precision"
)
_FEW = 4  # expirations, of which two or three are needed at least
_NOTHING: dict[str, NDArray[Any]] = {
    name: np.empty(0, np.bool_ if kind == "boolean" else np.int64) for name, kind in _KINDS.items()
}


class NoSnapshot(Exception):
    """No chain of the session is stored, so its volatility is unknown and not to be guessed."""


class _Listing(NamedTuple):
    """The roots and expirations of a snapshot, in ticker order, all of shape (e,)."""

    name: NDArray[np.str_]  # O:SPXW261218: what their tickers begin with
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    years: Floats


def last_chain(symbol: str, session: date) -> tuple[int, OptionChain]:
    """The slot (epoch ms) of the session's last snapshot, and those of its contracts with a volatility that
    `quant.volatility.constant_maturity` gives the same answers for as for all of them. Raises NoSnapshot."""
    bounds = [clock.epoch_ms(sessions.open_of(session)), clock.epoch_ms(sessions.close_of(session))]
    with connection.cursor() as cursor:
        cursor.execute(_LAST_SLOT, [symbol, *bounds])
        found = cursor.fetchone()
        if found is None:
            raise NoSnapshot(f"no chain of {symbol} is stored for the session of {session}")
        slot, spot = found
        cursor.execute(_LISTED, {"symbol": symbol, "slot": slot})
        listed = _listing([ticker for (ticker,) in cursor.fetchall()], slot)
    return slot, _needed_chain(symbol, slot, math.nan if spot is None else spot, listed)


def _listing(tickers: list[str], slot: int) -> _Listing:
    terms = parse_tickers(tickers)
    return _Listing(
        name=np.array([ticker[: len("YYMMDD") - SUFFIX_LENGTH] for ticker in tickers], dtype=np.str_),
        root=terms.root,
        expiration=terms.expiration,
        years=sessions.years_to_expiry(terms.root, terms.expiration, clock.instant(slot)),
    )


def _needed_chain(symbol: str, slot: int, spot: float, listed: _Listing) -> OptionChain:
    """First what lies nearest to the maturities, then farther and farther where that has no volatility. Of a few
    expirations, as rebuilt chains have them, all at once."""

    def read(wanted: NDArray[np.bool_]) -> OptionChain:
        places = np.flatnonzero(wanted)
        parameters = {"wanted": listed.name[places].tolist(), "symbol": symbol, "slot": slot}
        found = read_columns(_CONTRACTS, parameters, _KINDS)
        return _chain(listed, spot, found | {"place": places[found["place"] - 1]})

    alive = listed.years > 0
    settlements = np.unique(listed.years[alive])
    if 0 < len(settlements) <= _FEW:
        return read(alive)
    is_read = np.zeros(len(settlements), dtype=np.bool_)
    chain, reach = _chain(listed, spot, _NOTHING), 1
    while (needed := still_needed(chain, settlements, is_read, reach)).any():
        is_read |= needed
        reach *= 2
        chain = read(np.isin(listed.years, settlements[is_read]))
    return chain


def _chain(listed: _Listing, spot: float, columns: Mapping[str, NDArray[Any]]) -> OptionChain:
    """Contracts in ticker order, each with the terms of its `place` in the listing."""
    order = np.lexsort((columns["strike"], ~columns["is_call"], columns["place"]))
    read = {name: column[order] for name, column in columns.items()}
    place = read.pop("place")
    return OptionChain.of(
        root=listed.root[place],
        expiration=listed.expiration[place],
        years=listed.years[place],
        spot=spot,
        **read,
    )
