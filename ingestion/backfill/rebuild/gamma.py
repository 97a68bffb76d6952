"""Dealer gamma of a rebuilt chain, weighted by recorded open interest if there is any, otherwise by volume."""

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
    """Return the open interest that the snapshot at `at_ms` recorded, in contracts, shape (n,).

    NaN where the snapshot has none; all NaN if `at_ms` is None. Open interest is that of the end of the previous
    session and does not change during the day, so any snapshot of the session will do.
    """
    if at_ms is None:
        return np.full(len(tickers), np.nan)
    with connection.cursor() as cursor:
        cursor.execute(_RECORDED, [symbol, at_ms, tickers.tolist()])
        recorded = dict(cursor.fetchall())
    return np.array([recorded.get(ticker, np.nan) for ticker in tickers.tolist()], dtype=np.float64)


def with_weights(chain: ComputedChain, recorded: Floats) -> tuple[ComputedChain, OpenInterestSource]:
    """Return the chain with the weights of its gamma as open interest, and their source.

    The weights are either all recorded open interest or all volume, never mixed.
    """
    if np.isfinite(recorded).any():
        columns = replace(chain.columns, open_interest=recorded)
        return replace(chain, columns=columns), OpenInterestSource.PROVIDER
    columns = replace(chain.columns, open_interest=chain.columns.volume)
    return replace(chain, columns=columns), OpenInterestSource.VOLUME_PROXY


def rebuilt_gamma(
    symbol: str, slot_ms: int, chain: ComputedChain, oi_source: OpenInterestSource
) -> GammaSnapshot:
    """Return the gamma snapshot of a chain from `with_weights`.

    When it is weighted by volume, statistics of open interest are NULL, and its size is not compared with the
    median of snapshots that have other weights.
    """
    if oi_source == OpenInterestSource.PROVIDER:
        return gamma_of_chain(chain, queries.median_gross_gamma(symbol, slot_ms))
    return replace(gamma_of_chain(chain, None), put_call_oi_ratio=None, oi_by_strike={})
