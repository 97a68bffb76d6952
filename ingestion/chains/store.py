"""Storing of computed chains, the same way for live, imported and rebuilt ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ingestion import slot_sums
from ingestion.chains.chain_rows import (
    IV_STATUS_NAMES,
    band_of,
    curve_rows,
    expiration_rows,
    gamma_row,
    greeks_rows,
)
from ingestion.chains.compute import ComputedChain, finite
from ingestion.chains.gamma_exposure import MeasuredGamma
from ingestion.chains.pricing import greeks as greeks_module
from warehouse.loading import bulk
from warehouse.models import (
    ExpirationCurve,
    ExpirationGamma,
    GammaExposure,
    HistoricalGreeks,
    WatchlistEntry,
)
from warehouse.models.enums import Source


@dataclass(frozen=True, slots=True)
class ChainToStore:
    """A computed chain with the origin of its rows.

    `gamma` is called while PostgreSQL loads the rows, so that its caller may compute gamma at the same time.
    """

    entry: WatchlistEntry
    chain: ComputedChain
    gamma: Callable[[], MeasuredGamma]
    fetched_at_ms: int
    source: Source
    method_version: str = greeks_module.METHOD_VERSION


def insert_chains(slot_ms: int, chains: Sequence[ChainToStore]) -> int:
    """Insert the greeks rows, curves and gamma of chains of one slot; return the number of new greeks rows.

    Contracts outside the symbol's strike band are not stored; gamma is that of the whole chain. A row or snapshot that
    is stored already is not changed. Call it in the transaction that records the runs, and
    `warehouse.partitions.ensure` before it.
    """
    rows = bulk.insert_rows(HistoricalGreeks, _stacked([_greeks_of(one) for one in chains]))
    curves = [curve_rows(str(one.entry.symbol), one.chain, one.source) for one in chains]
    known_curves = [curve for curve in curves if curve is not None]
    if known_curves:
        bulk.insert_rows(ExpirationCurve, _stacked(known_curves, "root"))
    snapshots = [gamma_row(str(one.entry.symbol), slot_ms, one.gamma(), one.source) for one in chains]
    GammaExposure.objects.bulk_create(snapshots, ignore_conflicts=True)
    expirations = [
        row
        for one in chains
        for row in expiration_rows(str(one.entry.symbol), slot_ms, one.gamma(), one.source)
    ]
    ExpirationGamma.objects.bulk_create(expirations, ignore_conflicts=True)
    slot_sums.copy_gamma(slot_ms, slot_ms + 1, [str(one.symbol) for one in snapshots])
    return rows


def summary(chain: ComputedChain, gamma: MeasuredGamma) -> dict[str, Any]:
    """Return the result of the run: contracts by source of their greeks, and the gamma sums by source."""
    greeks = chain.greeks
    known = ~np.isnan(greeks.gamma)
    statuses = Counter(IV_STATUS_NAMES[greeks.iv_status].tolist())
    return {
        "spot": finite(chain.spot.price),
        "spot_source": chain.spot.source,
        "provider_greeks": int(np.count_nonzero(greeks.gamma_is_provider)),
        "computed_greeks": int(np.count_nonzero(known & ~greeks.gamma_is_provider)),
        "no_greeks": int(np.count_nonzero(~known)),
        "iv_status": dict(statuses),
        "refused": dict(chain.refused),
        "oi_source": gamma.oi_source.value,
        "provider_gamma": gamma.provider_gamma,
        "zero_dte_share": gamma.snapshot.zero_dte_share,
        "positioning_strength": gamma.snapshot.positioning_strength,
    }


def _greeks_of(one: ChainToStore) -> Mapping[str, Any]:
    stored = band_of(one.entry, one.chain)
    return greeks_rows(
        str(one.entry.symbol), one.chain, stored, one.fetched_at_ms, one.source, one.method_version
    )


def _stacked(parts: Sequence[Mapping[str, Any]], an_array: str = "contract_ticker") -> Mapping[str, Any]:
    """Concatenate the columns of several symbols; a scalar is repeated for all rows of its part."""
    if len(parts) == 1:
        return parts[0]
    lengths = [len(part[an_array]) for part in parts]
    return {
        name: np.concatenate(
            [np.broadcast_to(part[name], length) for part, length in zip(parts, lengths, strict=True)]
        )
        for name in parts[0]
    }
