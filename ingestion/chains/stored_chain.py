"""Reading of a stored chain, as it was when its gamma was computed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import timedelta
from typing import Any

import numpy as np

from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.compute import ComputedChain
from ingestion.chains.gamma_inputs import GammaInputs
from ingestion.chains.greeks import ChainGreeks, complete_greeks
from ingestion.chains.spot import Spot
from quant.contracts import SHARES_PER_CONTRACT, parse_tickers
from quant.sessions import years_to_expiry
from warehouse import clock
from warehouse.column_queries import read_columns
from warehouse.models import GammaExposure, HistoricalGreeks

_NUMBERS = (
    "strike", "bid", "ask", "last", "volume", "open_interest", "delta", "gamma", "theta", "vega", "implied_volatility"
)  # fmt: skip
_FLAGS = ("is_provider", "is_backfilled")
_CONTRACTS = """
SELECT row_number() OVER (ORDER BY contract_ticker)::integer AS place, greeks_source = 'provider'
       AND greeks_source IS NOT NULL AS is_provider, source = 'backfill' AS is_backfilled, strike, bid, ask, last,
       volume, open_interest, delta, gamma, theta, vega, implied_volatility
FROM historical_greeks WHERE symbol = %(symbol)s AND "timestamp" = %(slot)s
"""


class NotWhole(Exception):
    """The stored rows are not the whole chain that gamma was computed from."""


def stored_chain(snapshot: GammaExposure, inputs: GammaInputs) -> ComputedChain:
    """Return the chain of a gamma snapshot from its rows and, for values without a column there, from `inputs`.

    Years to expiry are counted as they were then, and the second opinion (own volatility and gamma) is computed from
    the quotes again. Backfilled rows have no quotes; their own values are the stored ones. Raises NotWhole where rows
    are missing: a band of strikes was stored, or retention took them.
    """
    symbol, slot_ms = str(snapshot.symbol), int(snapshot.timestamp)
    tickers = list(
        HistoricalGreeks.objects.filter(symbol=symbol, timestamp=slot_ms)
        .order_by("contract_ticker")
        .values_list("contract_ticker", flat=True)
    )
    if len(tickers) != inputs.contracts:
        raise NotWhole(
            f"{len(tickers):,} of the {inputs.contracts:,} contracts it was measured on are stored"
        )
    kinds = {"place": "integer"} | dict.fromkeys(_FLAGS, "boolean")
    found = read_columns(
        _CONTRACTS, {"symbol": symbol, "slot": slot_ms}, kinds | dict.fromkeys(_NUMBERS, "double precision")
    )
    order = np.argsort(found["place"])
    rows = {name: column[order] for name, column in found.items()}
    terms = parse_tickers(tickers)
    columns = ChainColumns(
        ticker=np.array(tickers, dtype=np.str_),
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        multiplier=np.array(
            [inputs.multipliers.get(ticker, SHARES_PER_CONTRACT) for ticker in tickers], dtype=np.float64
        ),
        **{name: rows[name] for name in _NUMBERS},
    )
    slot_at = clock.instant(slot_ms)
    # The snapshot has the exact spot; the rows have it rounded to at most 12 decimals.
    spot = np.nan if snapshot.underlying_price is None else float(snapshot.underlying_price)
    years = years_to_expiry(
        terms.root, terms.expiration, slot_at - timedelta(milliseconds=inputs.data_delay_ms)
    )
    return ComputedChain(
        slot_at=slot_at,
        columns=columns,
        greeks=_greeks(rows, complete_greeks(columns, years, spot)),
        spot=Spot(spot, inputs.spot_source),
        rejected=Counter(),
        refused=Counter(),
    )


def _greeks(rows: dict[str, Any], recomputed: ChainGreeks) -> ChainGreeks:
    """Return the stored greeks, with the own values of a live chain recomputed."""
    backfilled = rows["is_backfilled"]
    return dataclasses.replace(
        recomputed,
        delta=rows["delta"],
        gamma=rows["gamma"],
        implied_volatility=rows["implied_volatility"],
        gamma_is_provider=rows["is_provider"],
        own_gamma=np.where(backfilled, rows["gamma"], recomputed.own_gamma),
        own_implied_volatility=np.where(
            backfilled, rows["implied_volatility"], recomputed.own_implied_volatility
        ),
    )
