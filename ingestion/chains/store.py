"""Storing of a computed chain: greeks rows, gamma snapshot and DONE in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from ingestion.chains import greeks as greeks_module
from ingestion.chains.compute import ComputedChain, finite
from ingestion.chains.gamma_exposure import gamma_of_chain, provider_part
from ingestion.chains.gamma_inputs import input_columns
from provider.pagination import ChainPages
from quant.gamma.exposure import GammaSnapshot
from quant.pricing.implied_vol import IvStatus
from quant.sessions import new_york_date
from warehouse import clock, partitions, queries, runs
from warehouse.loading import bulk
from warehouse.models import GammaExposure, HistoricalGreeks, WatchlistEntry
from warehouse.models.enums import OpenInterestSource, Source

IV_STATUS_NAMES = np.array([status.name for status in IvStatus])
GAMMA_COLUMNS = (
    "underlying_price",
    "total_gamma",
    "call_gamma",
    "put_gamma",
    "gross_gamma",
    "dealer_positioning",
    "expected_behavior",
    "gamma_wall_resistance",
    "gamma_wall_support",
    "call_wall",
    "put_wall",
    "gamma_flip",
    "distance_to_resistance_pct",
    "distance_to_support_pct",
    "put_call_oi_ratio",
    "put_call_volume_ratio",
    "gamma_by_strike",
    "oi_by_strike",
    "sensitivity",
    "method_version",
)


class Stages(Protocol):
    """Stopwatch of the stages of a run."""

    milliseconds: dict[str, float]

    def stage(self, name: str) -> Any: ...


def store_chain(
    run: runs.Run,
    entry: WatchlistEntry,
    chain: ComputedChain,
    pages: ChainPages,
    delay_ms: int,
    watch: Stages,
) -> tuple[int, GammaSnapshot]:
    """Store a chain and return the number of inserted greeks rows and the stored gamma snapshot.

    Gamma is computed while PostgreSQL loads the rows. The stages of the run contain the time of the insert, not that
    of the commit. Raises RunLostError when another worker has claimed the slot since.
    """
    partitions.ensure(HistoricalGreeks._meta.db_table, run.slot, run.slot)
    columns = greeks_rows(run.symbol, chain, band_of(entry, chain), max(pages.fetched_at_ms))
    median_gross = queries.median_gross_gamma(run.symbol, run.slot)
    inputs = input_columns(chain, OpenInterestSource.PROVIDER, median_gross, delay_ms)
    with ThreadPoolExecutor(max_workers=1) as beside, transaction.atomic():
        measured = beside.submit(_timed_gamma, chain, median_gross, watch)
        with watch.stage("store"):
            rows = bulk.insert_rows(HistoricalGreeks, columns)
            gamma = measured.result()
            row = gamma_row(run.symbol, run.slot, gamma, OpenInterestSource.PROVIDER, inputs)
            row.save(force_insert=True)
        runs.finish(
            run,
            contracts=len(pages.rows) + pages.rejected.total(),
            rows=rows,
            rejected=chain.rejected,
            stages=watch.milliseconds,
            result=summary(chain, gamma) | {"pages": pages.pages},
            data_delay_ms=delay_ms,
        )
    return rows, gamma


def _timed_gamma(chain: ComputedChain, median_gross: float | None, watch: Stages) -> GammaSnapshot:
    with watch.stage("gamma"):
        return gamma_of_chain(chain, median_gross)


def band_of(entry: WatchlistEntry, chain: ComputedChain) -> NDArray[np.bool_]:
    """Return a mask of the contracts to store: all, or those within the symbol's strike band around spot."""
    if entry.strike_band_pct is None or np.isnan(chain.spot.price):
        return np.ones(len(chain.columns), dtype=np.bool_)
    inside: NDArray[np.bool_] = (
        np.abs(chain.columns.strike / chain.spot.price - 1) <= entry.strike_band_pct / 100
    )
    return inside


def greeks_rows(
    symbol: str,
    chain: ComputedChain,
    stored: NDArray[np.bool_],
    fetched_at_ms: int,
    source: Source = Source.LIVE,
    method_version: str = greeks_module.METHOD_VERSION,
) -> Mapping[str, Any]:
    """Return the columns of historical_greeks for the `stored` contracts; NaN and empty text become NULL."""
    columns, greeks = chain.columns, chain.greeks
    known_gamma = ~np.isnan(greeks.gamma)
    by_contract = {
        "contract_ticker": columns.ticker,
        "option_type": np.where(columns.is_call, "call", "put"),
        "strike": columns.strike,
        "expiration": columns.expiration,
        "dte": (columns.expiration - np.datetime64(new_york_date(chain.slot_at), "D")).astype(np.int64),
        "bid": columns.bid,
        "ask": columns.ask,
        "last": columns.last,
        "volume": columns.volume,
        "open_interest": columns.open_interest,
        "delta": greeks.delta,
        "gamma": greeks.gamma,
        "theta": greeks.theta,
        "vega": greeks.vega,
        "rho": greeks.rho,
        "implied_volatility": greeks.implied_volatility,
        "iv_status": IV_STATUS_NAMES[greeks.iv_status],
        "greeks_source": np.where(
            known_gamma, np.where(greeks.gamma_is_provider, "provider", "computed"), ""
        ),
    }
    return {name: values[stored] for name, values in by_contract.items()} | {
        "symbol": symbol,
        "timestamp": clock.epoch_ms(chain.slot_at),
        "underlying_price": chain.spot.price,
        "source": source.value,
        "fetched_at": fetched_at_ms,
        "method_version": method_version,
    }


def summary(chain: ComputedChain, gamma: GammaSnapshot) -> dict[str, Any]:
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
        "provider_gamma": provider_part(chain),
        "zero_dte_share": gamma.zero_dte_share,
        "positioning_strength": gamma.positioning_strength,
    }


def gamma_row(
    symbol: str,
    slot_ms: int,
    gamma: GammaSnapshot,
    oi_source: OpenInterestSource,
    inputs: Mapping[str, Any],
) -> GammaExposure:
    """Return the unsaved row of gamma_exposure_snapshots; `inputs` are the columns of `gamma_inputs`."""
    return GammaExposure(
        symbol=symbol,
        timestamp=slot_ms,
        oi_source=oi_source,
        flip_points=list(gamma.flip_points),
        **{name: getattr(gamma, name) for name in GAMMA_COLUMNS},
        **inputs,
    )
