"""Dealer gamma of a rebuilt chain: weighted by open interest where we recorded it that day, by volume elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from ingestion.chains.compute import ComputedChain
from ingestion.chains.gamma_exposure import gamma_of_chain
from quant.chain import Floats
from quant.gamma.exposure import GammaSnapshot
from warehouse import queries
from warehouse.models.enums import OpenInterestSource

_RECORDED = (
    "SELECT contract_ticker, open_interest FROM historical_greeks"
    ' WHERE symbol = %s AND "timestamp" = %s AND contract_ticker = ANY(%s) AND open_interest IS NOT NULL'
)


def recorded_open_interest(symbol: str, at_ms: int | None, tickers: NDArray[np.str_]) -> Floats:
    """What the snapshot at `at_ms` says, in contracts, shape (n,); NaN where it says nothing, or there is none.

    Open interest is that of the end of the session before and stands all day, so that any snapshot of the day tells.
    """
    if at_ms is None:
        return np.full(len(tickers), np.nan)
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED, [symbol, at_ms, tickers.tolist()])
        found = dict(cursor.fetchall())
    return np.array([found.get(ticker, np.nan) for ticker in tickers.tolist()], dtype=np.float64)


def with_weights(chain: ComputedChain, recorded: Floats) -> tuple[ComputedChain, OpenInterestSource]:
    """The chain with what its gamma is to be weighted by, and where that comes from: all of one kind, never mixed."""
    if np.isfinite(recorded).any():
        weighted = replace(chain.columns, open_interest=recorded)
        return replace(chain, columns=weighted), OpenInterestSource.PROVIDER
    weighted = replace(chain.columns, open_interest=chain.columns.volume)
    return replace(chain, columns=weighted), OpenInterestSource.VOLUME_PROXY


def rebuilt_gamma(
    symbol: str, slot_ms: int, chain: ComputedChain, oi_source: OpenInterestSource
) -> GammaSnapshot:
    """The snapshot of a chain from `with_weights`. By volume, what is said of open interest itself is NULL, and its
    size is not held against the median of days weighted otherwise."""
    if oi_source == OpenInterestSource.PROVIDER:
        return gamma_of_chain(chain, queries.median_gross_gamma(symbol, slot_ms))
    return replace(gamma_of_chain(chain, None), put_call_oi_ratio=None, oi_by_strike={})
