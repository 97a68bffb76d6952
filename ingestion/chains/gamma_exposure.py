"""Dealer gamma exposure of a computed chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ingestion.chains.compute import ComputedChain
from ingestion.chains.gamma_inputs import GammaPast, input_columns
from quant.gamma.by_expiration import ExpirationExposure, by_expiration
from quant.gamma.exposure import GammaSnapshot, dealer_gamma, snapshot, totals
from warehouse.models.enums import OpenInterestSource


@dataclass(frozen=True, slots=True)
class MeasuredGamma:
    """The gamma snapshot of a chain, its parts by expiration, and the source of the weights of both.

    `inputs` are the columns of `ingestion.chains.gamma_inputs`. `provider_gamma` has call, put and net gamma of the
    contracts whose gamma the provider sent, in dollars per 1 % move.
    """

    snapshot: GammaSnapshot
    expirations: ExpirationExposure
    oi_source: OpenInterestSource
    inputs: Mapping[str, Any]
    provider_gamma: dict[str, float]


def measure_gamma(chain: ComputedChain, past: GammaPast, delay_ms: int = 0) -> MeasuredGamma:
    """Return the gamma of a chain's standard contracts under every convention, with our own beside the provider's.

    `delay_ms` is the age of delayed data. The weights are either all open interest or, if no contract of the chain has
    any, all volume. With volume, the statistics of open interest are absent and the size is not compared with the
    median, whose snapshots are weighted by open interest.
    """
    if np.isfinite(chain.option_chain.open_interest).any():
        weighted, source = chain, OpenInterestSource.PROVIDER
        result = _snapshot(chain, past)
        expirations = by_expiration(chain.option_chain)
    else:
        weighted = replace(chain, columns=replace(chain.columns, open_interest=chain.columns.volume))
        source = OpenInterestSource.VOLUME_PROXY
        result = _snapshot(weighted, replace(past, median_gross=None))
        result = replace(result, put_call_oi_ratio=None, oi_by_strike={}, usable_share=None)
        result = replace(result, pin_strike=None, pin_open_interest=None, pin_share=None)
        expirations = _without_open_interest(by_expiration(weighted.option_chain))
    inputs = input_columns(chain, source, past, delay_ms)
    return MeasuredGamma(result, expirations, source, inputs, _provider_part(weighted))


def _without_open_interest(weighted: ExpirationExposure) -> ExpirationExposure:
    """Return sums that are weighted by volume without the columns that are about open interest."""
    unknown = np.full(len(weighted.days), np.nan)
    return weighted._replace(call_open_interest=unknown, put_open_interest=unknown, max_pain=unknown)


def _snapshot(chain: ComputedChain, past: GammaPast) -> GammaSnapshot:
    standard = chain.standard
    return snapshot(
        chain.option_chain,
        own_gamma=chain.greeks.own_gamma[standard],
        own_iv=chain.greeks.own_implied_volatility[standard],
        vix=past.vix,
        median_gross=past.median_gross,
    )


def _provider_part(chain: ComputedChain) -> dict[str, float]:
    columns = chain.option_chain
    exposure = np.where(chain.greeks.gamma_is_provider[chain.standard], dealer_gamma(columns), 0.0)
    sums = totals(columns, exposure)
    return {"call_gamma": sums.call_gamma, "put_gamma": sums.put_gamma, "total_gamma": sums.total_gamma}
