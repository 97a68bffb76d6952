"""Dealer gamma of a whole chain, as one row per slot."""

from __future__ import annotations

import numpy as np

from ingestion.chain_columns import ChainColumns
from ingestion.greeks import ChainGreeks
from quant.chain import OptionChain
from quant.gamma_exposure import GammaSnapshot, dealer_gamma, snapshot, totals


def gamma_of_chain(
    columns: ChainColumns, greeks: ChainGreeks, spot: float, median_gross: float | None
) -> GammaSnapshot:
    """The snapshot under every convention, own gamma beside the provider's.

    `median_gross` is the gross gamma's median over the last 20 sessions, in dollars per 1 % move.
    """
    return snapshot(
        option_chain(columns, greeks, spot),
        own_gamma=greeks.own_gamma,
        own_iv=greeks.own_implied_volatility,
        median_gross=median_gross,
    )


def option_chain(columns: ChainColumns, greeks: ChainGreeks, spot: float) -> OptionChain:
    return OptionChain(
        root=columns.root,
        expiration=columns.expiration,
        is_call=columns.is_call,
        strike=columns.strike,
        years=greeks.years,
        bid=columns.bid,
        ask=columns.ask,
        last=columns.last,
        volume=columns.volume,
        open_interest=columns.open_interest,
        multiplier=columns.multiplier,
        delta=greeks.delta,
        gamma=greeks.gamma,
        implied_volatility=greeks.implied_volatility,
        spot=spot,
    )


def provider_part(columns: ChainColumns, greeks: ChainGreeks, spot: float) -> dict[str, float]:
    """Call, put and net gamma over the contracts whose gamma the provider sent, dollars per 1 % move.

    What the contracts with a computed gamma add is the difference to the snapshot's own sums.
    """
    chain = option_chain(columns, greeks, spot)
    exposure = np.where(greeks.gamma_is_provider, dealer_gamma(chain), 0.0)
    sums = totals(chain, exposure)
    return {"call_gamma": sums.call_gamma, "put_gamma": sums.put_gamma, "total_gamma": sums.total_gamma}
