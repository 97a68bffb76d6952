"""Reading of a stored chain, as it was when its gamma was computed."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import datetime, timedelta

import numpy as np

from ingestion.chains.chain_columns import ChainColumns
from ingestion.chains.compute import ComputedChain
from ingestion.chains.gamma_inputs import GammaInputs
from ingestion.chains.pricing.greeks import ChainGreeks, complete_greeks
from ingestion.chains.pricing.inputs import PricingInputs, pricing_inputs
from ingestion.chains.spot import Spot
from quant.contracts import parse_tickers, usual_multiplier
from quant.pricing.discount_curve import DiscountCurve
from quant.sessions import years_to_expiry
from warehouse import clock, queries
from warehouse.asof import chain, expiration_curve
from warehouse.asof.chain import StoredChain
from warehouse.asof.expiration_curve import Carry
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
    the quotes again, with the stored rates and the dividends known then. Backfilled rows have no quotes; their own
    values are the stored ones. Raises NotWhole where rows are missing: a band of strikes was stored, or retention took
    them.
    """
    symbol, slot_ms = str(snapshot.symbol), int(snapshot.timestamp)
    rows = chain.read(symbol, slot_ms, StoredChain)
    if len(rows) != inputs.contracts:
        raise NotWhole(f"{len(rows):,} of the {inputs.contracts:,} contracts it was measured on are stored")
    terms = parse_tickers(rows.contract_ticker)
    carry = expiration_curve.carry(symbol, slot_ms, terms.root, terms.expiration)
    noted = np.array([inputs.multipliers.get(name, np.nan) for name in rows.contract_ticker.tolist()])
    multiplier = np.where(np.isnan(rows.multiplier), noted, rows.multiplier)
    columns = ChainColumns(
        ticker=rows.contract_ticker,
        root=terms.root,
        expiration=terms.expiration,
        is_call=terms.is_call,
        multiplier=usual_multiplier(terms.root, multiplier),
        american=carry.is_american,
        **{name: getattr(rows, name) for name in _NUMBERS},
    )
    slot_at = clock.instant(slot_ms)
    # The snapshot has the exact spot; the rows have it rounded to at most 12 decimals.
    spot = np.nan if snapshot.underlying_price is None else float(snapshot.underlying_price)
    at = slot_at - timedelta(milliseconds=inputs.data_delay_ms)
    years = years_to_expiry(terms.root, terms.expiration, at)
    completed = complete_greeks(columns, years, spot, _priced_with(symbol, slot_ms, at), at)
    return ComputedChain(
        slot_at=slot_at,
        columns=columns,
        greeks=_greeks(rows, completed.greeks, carry),
        spot=Spot(spot, inputs.spot_source),
        rejected=Counter(),
        refused=Counter(),
        curve=completed.curve,
    )


def _priced_with(symbol: str, slot_ms: int, at: datetime) -> PricingInputs:
    """Return the inputs of a stored slot: its own rates if they are stored, else those that were known at the slot."""
    known = pricing_inputs(queries.watchlist_entry(symbol), at, slot_ms)
    stored = expiration_curve.read(symbol, slot_ms)
    if not len(stored):
        return known
    years = years_to_expiry(stored.root, stored.expiration, at)
    order = np.argsort(years, kind="stable")
    return dataclasses.replace(known, rates=DiscountCurve(years[order], stored.rate[order]), own_rates=False)


def _greeks(rows: StoredChain, recomputed: ChainGreeks, carry: Carry) -> ChainGreeks:
    """Return the stored greeks, with the own values of a live chain recomputed."""
    backfilled = rows.source == Source.BACKFILL.value
    return dataclasses.replace(
        recomputed,
        delta=rows.delta,
        gamma=rows.gamma,
        implied_volatility=rows.implied_volatility,
        gamma_is_provider=rows.greeks_source == GreeksSource.PROVIDER.value,
        forward=np.where(backfilled, carry.forward, recomputed.forward),
        rate=np.where(backfilled, carry.rate, recomputed.rate),
        own_gamma=np.where(backfilled, rows.gamma, recomputed.own_gamma),
        own_implied_volatility=np.where(
            backfilled, rows.implied_volatility, recomputed.own_implied_volatility
        ),
    )
