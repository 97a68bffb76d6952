"""Dealer gamma exposure of a computed chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ingestion.chains.compute import ComputedChain
from quant.chain import OptionChain
from quant.gamma.exposure import GammaSnapshot, dealer_gamma, snapshot, totals
from warehouse.models.enums import OpenInterestSource


def gamma_of_chain(chain: ComputedChain, median_gross: float | None) -> GammaSnapshot:
    """Return the gamma snapshot under every convention, with our own gamma beside the provider's.

    `median_gross` is the median gross gamma of the last 20 sessions, in dollars per 1 % move.
    """
    return snapshot(
        option_chain(chain),
        own_gamma=chain.greeks.own_gamma,
        own_iv=chain.greeks.own_implied_volatility,
        median_gross=median_gross,
    )


def weighted_gamma(
    chain: ComputedChain, oi_source: OpenInterestSource, median_gross: float | None
) -> GammaSnapshot:
    """Return the gamma snapshot of a chain weighted by its open interest or, as a proxy, by its volume.

    When it is weighted by volume, statistics of open interest are NULL, and its size is not compared with the median
    of snapshots that have other weights.
    """
    if oi_source == OpenInterestSource.PROVIDER:
        return gamma_of_chain(chain, median_gross)
    by_volume = replace(chain, columns=replace(chain.columns, open_interest=chain.columns.volume))
    return replace(gamma_of_chain(by_volume, None), put_call_oi_ratio=None, oi_by_strike={})


def option_chain(chain: ComputedChain) -> OptionChain:
    """Return the chain as columns for `quant`."""
    columns, greeks = chain.columns, chain.greeks
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
        spot=chain.spot.price,
    )


def provider_part(chain: ComputedChain) -> dict[str, float]:
    """Return call, put and net gamma of the contracts whose gamma the provider sent, in dollars per 1 % move."""
    columns = option_chain(chain)
    exposure = np.where(chain.greeks.gamma_is_provider, dealer_gamma(columns), 0.0)
    sums = totals(columns, exposure)
    return {"call_gamma": sums.call_gamma, "put_gamma": sums.put_gamma, "total_gamma": sums.total_gamma}
