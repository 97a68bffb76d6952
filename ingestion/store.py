"""A computed chain into the warehouse: greeks rows, gamma snapshot and DONE are committed together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from ingestion import greeks as greeks_module
from ingestion.compute import ComputedChain, finite
from ingestion.gamma_exposure import provider_part
from ingestion.slots import session_date
from provider.walk import ChainPages
from quant.implied_vol import IvStatus
from warehouse import bulk, clock, partitions, runs
from warehouse.models import GammaExposure, HistoricalGreeks, WatchlistEntry

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
    """Takes the time of a stage."""

    milliseconds: dict[str, float]

    def stage(self, name: str) -> Any: ...


def store_chain(
    run: runs.Run,
    entry: WatchlistEntry,
    chain: ComputedChain,
    pages: ChainPages,
    delay_ms: int,
    watch: Stages,
) -> int:
    """Stores the slot; returns the greeks rows inserted. Raises RunLost where the slot is another worker's by now.

    The time of the insert is in the run's stages; that of the commit cannot be, being what commits them.
    """
    partitions.ensure(HistoricalGreeks._meta.db_table, run.slot, run.slot)
    columns = greeks_rows(run.symbol, chain, band_of(entry, chain), max(pages.fetched_at_ms))
    with transaction.atomic():
        with watch.stage("store"):
            rows = bulk.insert_rows(HistoricalGreeks, columns)
            _gamma_row(run, chain).save(force_insert=True)
        runs.finish(
            run,
            contracts=len(pages.rows) + pages.rejected.total(),
            rows=rows,
            rejected=chain.rejected,
            stages=watch.milliseconds,
            result=summary(chain) | {"pages": pages.pages},
            data_delay_ms=delay_ms,
        )
    return rows


def band_of(entry: WatchlistEntry, chain: ComputedChain) -> NDArray[np.bool_]:
    """Which contracts are stored: all, or those within the symbol's strike band around spot."""
    if entry.strike_band_pct is None or np.isnan(chain.spot.price):
        return np.ones(len(chain.columns), dtype=np.bool_)
    inside: NDArray[np.bool_] = (
        np.abs(chain.columns.strike / chain.spot.price - 1) <= entry.strike_band_pct / 100
    )
    return inside


def greeks_rows(
    symbol: str, chain: ComputedChain, stored: NDArray[np.bool_], fetched_at_ms: int
) -> Mapping[str, Any]:
    """The columns of historical_greeks for the `stored` contracts; NaN and empty text become NULL."""
    columns, greeks = chain.columns, chain.greeks
    known_gamma = ~np.isnan(greeks.gamma)
    by_contract = {
        "contract_ticker": columns.ticker,
        "option_type": np.where(columns.is_call, "call", "put"),
        "strike": columns.strike,
        "expiration": columns.expiration,
        "dte": (columns.expiration - np.datetime64(session_date(chain.slot_at), "D")).astype(np.int64),
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
        "source": "live",
        "fetched_at": fetched_at_ms,
        "method_version": greeks_module.METHOD_VERSION,
    }


def summary(chain: ComputedChain) -> dict[str, Any]:
    """What the run remembers: how many contracts have whose greeks, and what each source adds to the sums."""
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
        "provider_gamma": provider_part(chain.columns, greeks, chain.spot.price),
        "zero_dte_share": chain.gamma.zero_dte_share,
        "positioning_strength": chain.gamma.positioning_strength,
    }


def _gamma_row(run: runs.Run, chain: ComputedChain) -> GammaExposure:
    return GammaExposure(
        symbol=run.symbol,
        timestamp=run.slot,
        flip_points=list(chain.gamma.flip_points),
        oi_source="provider",
        **{name: getattr(chain.gamma, name) for name in GAMMA_COLUMNS},
    )
