"""The part of a session's last chain that its volatility measures need.

A whole index chain has 23,000 rows. The measures are interpolated between the expirations around a few maturities, so
only the contracts of those expirations are read, by the key of the table.
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
# One contract of every root and expiration. Calls (C) and puts (P) follow O:SPXW261218, so the first ticker after
# O:SPXW261218Q belongs to the next expiration. The index is read once per expiration.
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
# The ORDER BY prevents the planner from merging the subquery into the join, so that the key is read once per
# expiration. Merged, the planner would expect a large part of the table and scan it.
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
_FEW = 4  # expirations; at least two or three are needed
_NOTHING: dict[str, NDArray[Any]] = {
    name: np.empty(0, np.bool_ if kind == "boolean" else np.int64) for name, kind in _KINDS.items()
}


class NoSnapshot(Exception):
    """No chain of the session is stored."""


class _Listing(NamedTuple):
    """Roots and expirations of a snapshot in ticker order, all of shape (e,)."""

    name: NDArray[np.str_]  # common beginning of the tickers, such as O:SPXW261218
    root: NDArray[np.str_]
    expiration: NDArray[np.datetime64]
    years: Floats


def last_chain(symbol: str, session: date) -> tuple[int, OptionChain]:
    """Return the slot (epoch ms) of the session's last snapshot, and the contracts that its measures need.

    `quant.volatility.constant_maturity` returns the same for these contracts as for the whole chain. Raises NoSnapshot
    when no chain of the session is stored.
    """
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
    """Read the expirations nearest to the maturities, and further ones where those have no volatility.

    A chain of few expirations, as a rebuilt one, is read at once.
    """

    def read(wanted: NDArray[np.bool_]) -> OptionChain:
        places = np.flatnonzero(wanted)
        parameters = {"wanted": listed.name[places].tolist(), "symbol": symbol, "slot": slot}
        found = read_columns(_CONTRACTS, parameters, _KINDS)
        return _chain(listed, spot, found | {"place": places[found["place"] - 1]})

    unsettled = listed.years > 0
    settlements = np.unique(listed.years[unsettled])
    if 0 < len(settlements) <= _FEW:
        return read(unsettled)
    is_read = np.zeros(len(settlements), dtype=np.bool_)
    chain, reach = _chain(listed, spot, _NOTHING), 1
    while (needed := still_needed(chain, settlements, is_read, reach)).any():
        is_read |= needed
        reach *= 2
        chain = read(np.isin(listed.years, settlements[is_read]))
    return chain


def _chain(listed: _Listing, spot: float, columns: Mapping[str, NDArray[Any]]) -> OptionChain:
    """Return the contracts in ticker order, with the terms at their `place` in the listing."""
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
