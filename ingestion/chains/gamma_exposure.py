"""Dealer gamma exposure of a computed chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ingestion.chains.compute import ComputedChain
from ingestion.chains.gamma_inputs import input_columns
from quant.gamma.exposure import GammaSnapshot, dealer_gamma, snapshot, totals
from warehouse.models.enums import OpenInterestSource


@dataclass(frozen=True, slots=True)
class MeasuredGamma:
    """The gamma snapshot of a chain and the source of its weights.

    `inputs` are the columns of `ingestion.chains.gamma_inputs`. `provider_gamma` has call, put and net gamma of the
    contracts whose gamma the provider sent, in dollars per 1 % move.
    """

    snapshot: GammaSnapshot
    oi_source: OpenInterestSource
    inputs: Mapping[str, Any]
    provider_gamma: dict[str, float]


def measure_gamma(chain: ComputedChain, median_gross: float | None, delay_ms: int = 0) -> MeasuredGamma:
    """Return the gamma of a chain's standard contracts under every convention, with our own beside the provider's.

    `median_gross` is the median gross gamma of the last 20 sessions, in dollars per 1 % move, and `delay_ms` the age of
    delayed data. The weights are either all open interest or, if no contract of the chain has any, all volume. With
    volume, the statistics of open interest are absent and the size is not compared with the median, whose snapshots are
    weighted by open interest.
    """
    if np.isfinite(chain.option_chain.open_interest).any():
        weighted, source = chain, OpenInterestSource.PROVIDER
        result = _snapshot(chain, median_gross)
    else:
        weighted = replace(chain, columns=replace(chain.columns, open_interest=chain.columns.volume))
        source = OpenInterestSource.VOLUME_PROXY
        result = replace(_snapshot(weighted, None), put_call_oi_ratio=None, oi_by_strike={})
    inputs = input_columns(chain, source, median_gross, delay_ms)
    return MeasuredGamma(result, source, inputs, _provider_part(weighted))


def _snapshot(chain: ComputedChain, median_gross: float | None) -> GammaSnapshot:
    standard = chain.standard
    return snapshot(
        chain.option_chain,
        own_gamma=chain.greeks.own_gamma[standard],
        own_iv=chain.greeks.own_implied_volatility[standard],
        median_gross=median_gross,
    )


def _provider_part(chain: ComputedChain) -> dict[str, float]:
    columns = chain.option_chain
    exposure = np.where(chain.greeks.gamma_is_provider[chain.standard], dealer_gamma(columns), 0.0)
    sums = totals(columns, exposure)
    return {"call_gamma": sums.call_gamma, "put_gamma": sums.put_gamma, "total_gamma": sums.total_gamma}
