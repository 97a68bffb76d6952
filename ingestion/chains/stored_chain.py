"""Reading of a stored chain, as it was when its gamma was computed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import timedelta

import numpy as np

from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.compute import ComputedChain
from ingestion.chains.gamma_inputs import GammaInputs
from ingestion.chains.greeks import ChainGreeks, complete_greeks
from ingestion.chains.spot import Spot
from quant.contracts import SHARES_PER_CONTRACT, parse_tickers
from quant.sessions import years_to_expiry
from warehouse import clock
from warehouse.asof import chain
from warehouse.asof.chain import StoredChain
from warehouse.models import GammaExposure
from warehouse.models.enums import GreeksSource, Source

_NUMBERS = (
    "strike", "bid", "ask", "last", "volume", "open_interest", "delta", "gamma", "theta", "vega", "implied_volatility"
)  # fmt: skip


class NotWhole(Exception):
    """The stored rows are not the whole chain that gamma was computed from."""


def stored_chain(snapshot: GammaExposure, inputs: GammaInputs) -> ComputedChain:
    """Return the chain of a gamma snapshot from its rows and, for values without a column there, from `inputs`.

    Years to expiry are counted as they were then, and the second opinion (own volatility and gamma) is computed from
    the quotes again. Backfilled rows have no quotes; their own values are the stored ones. Raises NotWhole where rows
    are missing: a band of strikes was stored, or retention took them.
    """
    symbol, slot_ms = str(snapshot.symbol), int(snapshot.timestamp)
    rows = chain.read(symbol, slot_ms, StoredChain)
    if len(rows) != inputs.contracts:
        raise NotWhole(f"{len(rows):,} of the {inputs.contracts:,} contracts it was measured on are stored")
    terms = parse_tickers(rows.contract_ticker)
    multipliers = [
        inputs.multipliers.get(name, SHARES_PER_CONTRACT) for name in rows.contract_ticker.tolist()
    ]
    columns = ChainColumns(
        ticker=rows.contract_ticker,
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        multiplier=np.array(multipliers, dtype=np.float64),
        **{name: getattr(rows, name) for name in _NUMBERS},
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


def _greeks(rows: StoredChain, recomputed: ChainGreeks) -> ChainGreeks:
    """Return the stored greeks, with the own values of a live chain recomputed."""
    backfilled = rows.source == Source.BACKFILL.value
    return dataclasses.replace(
        recomputed,
        delta=rows.delta,
        gamma=rows.gamma,
        implied_volatility=rows.implied_volatility,
        gamma_is_provider=rows.greeks_source == GreeksSource.PROVIDER.value,
        own_gamma=np.where(backfilled, rows.gamma, recomputed.own_gamma),
        own_implied_volatility=np.where(
            backfilled, rows.implied_volatility, recomputed.own_implied_volatility
        ),
    )
