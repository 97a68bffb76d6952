"""Rows of a computed chain: columns of historical_greeks and the row of gamma_exposure_snapshots."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion.chains.compute import ComputedChain, finite
from ingestion.chains.gamma_exposure import MeasuredGamma
from ingestion.chains.pricing import greeks as greeks_module
from quant.chain import DAYS_PER_YEAR
from quant.pricing.expiration_curve import ASSUMED
from quant.pricing.iv_status import IvStatus
from quant.sessions import new_york_date
from quant.volatility.atm import atm_curve
from warehouse import clock
from warehouse.loading import known_at
from warehouse.models import ExpirationGamma, GammaExposure, WatchlistEntry
from warehouse.models.enums import ExerciseStyle, RateSource, Source

CURVE_VERSION = "curve-1"
IV_STATUS_NAMES = np.array([status.name for status in IvStatus])
_GAMMA_COLUMNS = (
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
    "flip_status",
    "signs_agree",
    "naive_flips",
    "volume_flips",
    "own_flips",
    "largest_net_strike",
    "usable_share",
    "settles_today",
    "pin_strike",
    "pin_open_interest",
    "pin_share",
    "distance_to_resistance_pct",
    "distance_to_support_pct",
    "put_call_oi_ratio",
    "put_call_volume_ratio",
    "gamma_by_strike",
    "oi_by_strike",
    "sensitivity",
    "method_version",
)
# Columns of gamma_by_expiration by the name of the sum.
_EXPIRATION_MONEY = {
    "net_gamma": "net_gamma",
    "call_gamma": "call_gamma",
    "put_gamma": "put_gamma",
    "delta_exposure": "delta",
    "vanna_exposure": "vanna",
    "charm_exposure": "charm",
    "max_pain": "max_pain",
}
_EXPIRATION_SIZES = ("call_open_interest", "put_open_interest", "call_volume", "put_volume")


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
        "multiplier": columns.multiplier,
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
    return (
        {name: values[stored] for name, values in by_contract.items()}
        | {
            "symbol": symbol,
            "timestamp": clock.epoch_ms(chain.slot_at),
            "underlying_price": chain.spot.price,
            "source": source.value,
            "fetched_at": fetched_at_ms,
            "method_version": method_version,
        }
        | ({} if source is Source.LIVE else {"known_at": known_at.of_chain(clock.epoch_ms(chain.slot_at))})
    )


def curve_rows(symbol: str, chain: ComputedChain, source: Source) -> Mapping[str, Any] | None:
    """Return the columns of expiration_curve for a chain; None where all contracts are adjusted."""
    curve = chain.curve
    if not len(curve):
        return None
    slot_ms = clock.epoch_ms(chain.slot_at)
    expiration, of = _expirations_of(chain)
    known = curve.quality != ASSUMED
    atm = atm_curve(chain.option_chain)
    volatility = np.full(len(curve), np.nan)
    place = {key: row for row, key in enumerate(zip(curve.root.tolist(), curve.years.tolist(), strict=True))}
    for root, years, level in zip(
        atm.root.tolist(), atm.years.tolist(), atm.volatility.tolist(), strict=True
    ):
        volatility[place[root, years]] = level
    rate_source, curve_slot = _rates_of(chain)
    unfetched = chain.inputs is not None and not chain.inputs.dividends_known
    early = curve.years < 1.0 / DAYS_PER_YEAR
    by_settlement = {
        "root": curve.root,
        "exercise_style": np.where(
            curve.is_american, ExerciseStyle.AMERICAN.value, ExerciseStyle.EUROPEAN.value
        ),
        "forward": np.where(known, curve.forward, np.nan),
        "forward_error": curve.error,
        "rate": curve.rate,
        # On the last day a cent of the forward is several percent of yield a year.
        "implied_borrow": np.where(known & ~early, curve.borrow, np.nan),
        "dividends": np.where(curve.is_american & unfetched, np.nan, curve.dividends),
        "atm_volatility": volatility,
        "total_variance": volatility**2 * curve.years,
        "quotes_used": curve.quotes,
        "quality": curve.quality,
    }
    return (
        {name: values[of] for name, values in by_settlement.items()}
        | {
            "symbol": symbol,
            "timestamp": slot_ms,
            "expiration": expiration,
            "rate_source": rate_source.value,
            "curve_timestamp": np.nan if curve_slot is None else curve_slot,
            "method_version": CURVE_VERSION,
        }
        | ({} if source is Source.LIVE else {"known_at": known_at.of_chain(slot_ms)})
    )


def _expirations_of(chain: ComputedChain) -> tuple[NDArray[np.datetime64], NDArray[np.intp]]:
    """Return each expiration of each settlement, and the row of the settlement in the curve.

    A settlement has two expirations where the exchange is closed on the later one.
    """
    expiration, day = np.unique(chain.option_chain.expiration, return_inverse=True)
    pairs = np.unique(chain.curve.member * max(len(expiration), 1) + day)
    of, place = np.divmod(pairs, max(len(expiration), 1))
    return expiration[place], of


def _rates_of(chain: ComputedChain) -> tuple[RateSource, int | None]:
    """Return the source of the chain's rates, and the slot of the curve they are from, if there is one."""
    if chain.inputs is None:
        return RateSource.TRADES, None
    if chain.curve.discount is not None:
        return RateSource.OWN, None
    return chain.inputs.rate_source, chain.inputs.curve_slot


def gamma_row(symbol: str, slot_ms: int, gamma: MeasuredGamma, source: Source = Source.LIVE) -> GammaExposure:
    """Return the unsaved row of gamma_exposure_snapshots for a chain of a source."""
    return GammaExposure(
        known_at=known_at.NOW if source is Source.LIVE else known_at.of_chain(slot_ms),
        symbol=symbol,
        timestamp=slot_ms,
        oi_source=gamma.oi_source,
        flip_points=list(gamma.snapshot.flip_points),
        **{name: getattr(gamma.snapshot, name) for name in _GAMMA_COLUMNS},
        **gamma.inputs,
    )


def expiration_rows(
    symbol: str, slot_ms: int, gamma: MeasuredGamma, source: Source = Source.LIVE
) -> list[ExpirationGamma]:
    """Return the unsaved rows of gamma_by_expiration for a chain of a source."""
    found = gamma.expirations
    numbers = {column: getattr(found, name).tolist() for column, name in _EXPIRATION_MONEY.items()}
    sizes = {name: getattr(found, name).tolist() for name in _EXPIRATION_SIZES}
    return [
        ExpirationGamma(
            known_at=known_at.NOW if source is Source.LIVE else known_at.of_chain(slot_ms),
            symbol=symbol,
            timestamp=slot_ms,
            root=root,
            expiration=expiration,
            dte=int(days),
            bucket=bucket,
            contracts=contracts,
            oi_source=gamma.oi_source,
            method_version=gamma.snapshot.method_version,
            **{column: finite(values[row]) for column, values in numbers.items()},
            **{column: _count(values[row]) for column, values in sizes.items()},
        )
        for row, (root, expiration, days, bucket, contracts) in enumerate(
            zip(*(column.tolist() for column in found[:5]), strict=True)
        )
    ]


def _count(size: float) -> int | None:
    return None if math.isnan(size) else round(size)
