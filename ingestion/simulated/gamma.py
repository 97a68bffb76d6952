"""Rows of gamma_slots and gamma_daily of past sessions of the simulated market."""

from __future__ import annotations

from typing import Any

import numpy as np

from ingestion.simulated.past_sums import METHOD_VERSION
from quant.gamma.flip_status import FOUND, NO_ROOT
from quant.gamma.levels import Walls
from quant.gamma.positioning import expected_behavior, positioning
from warehouse.loading import bulk, known_at
from warehouse.loading.known_at import store_in_time
from warehouse.models import GammaSlot
from warehouse.models.enums import OpenInterestSource

_SAME_NAME = (
    "call_gamma",
    "put_gamma",
    "call_wall",
    "put_wall",
    "put_call_oi_ratio",
    "put_call_volume_ratio",
    "largest_net_strike",
    "pin_strike",
    "pin_open_interest",
    "pin_share",
)


def gamma_columns(symbol: str, sums: dict[str, list[Any]], median_gross: float | None) -> dict[str, Any]:
    """Return the columns of gamma_slots for the slots of one session, classified as those of live chains.

    Every contract has a gamma, which is our own, so that the conventions with own and with the chain's gamma are one.
    `median_gross` is the median gross gamma of the 20 sessions before, in dollars per 1 % move, None if unknown.
    """
    slots = np.array(sums["slots"], dtype=np.int64)
    rows = [
        _classes({name: column[row] for name, column in sums.items()}, median_gross)
        for row in range(len(slots))
    ]
    numbers = {name: np.array(sums[name], dtype=np.float64) for name in _SAME_NAME}
    texts = {
        name: np.array([row[name] or "" for row in rows])
        for name in ("dealer_positioning", "expected_behavior")
    }
    levels = {
        "underlying_price": "spot",
        "gamma_wall_resistance": "resistance",
        "gamma_wall_support": "support",
    }
    numbers |= {column: np.array(sums[name], dtype=np.float64) for column, name in levels.items()}
    spot = numbers["underlying_price"]
    total = numbers["call_gamma"] + numbers["put_gamma"]
    by_volume = np.array(sums["volume_gamma"], dtype=np.float64)
    flips = [_literal(found) for found in sums["flips"]]
    nearest = [_nearest(found, price) for found, price in zip(sums["flips"], spot.tolist(), strict=True)]
    return {
        "symbol": symbol,
        "timestamp": slots,
        **numbers,
        **texts,
        "total_gamma": total,
        "gross_gamma": numbers["call_gamma"] - numbers["put_gamma"],
        "distance_to_resistance_pct": np.abs(numbers["gamma_wall_resistance"] - spot) / spot * 100.0,
        "distance_to_support_pct": np.abs(numbers["gamma_wall_support"] - spot) / spot * 100.0,
        "gamma_flip": np.array(nearest),
        "naive_flips": np.array(flips),
        "volume_flips": np.array([_literal(found) for found in sums["volume_flips"]]),
        "own_flips": np.array(flips),
        "signs_agree": np.ma.masked_array(np.sign(by_volume) == np.sign(total), np.isnan(by_volume)),
        "usable_share": np.ones(len(slots)),
        "settles_today": np.array(sums["settles_today"], dtype=np.bool_),
        "flip_status": np.where(np.isnan(nearest), NO_ROOT, FOUND),
        "oi_source": OpenInterestSource.PROVIDER.value,
        "method_version": METHOD_VERSION,
        "known_at": slots + known_at.CHAIN_AFTER_MS,
    }


def store_gamma(columns: dict[str, Any]) -> int:
    """Insert the rows of gamma_slots that are not stored and return their number."""
    return store_in_time(lambda: bulk.insert_rows(GammaSlot, columns))


def _literal(flips: list[float] | None) -> str:
    """Return an array as SQL writes it, empty text for none."""
    return "" if flips is None else f"{{{','.join(map(repr, flips))}}}"


def _nearest(flips: list[float], spot: float) -> float:
    return min(flips, key=lambda flip: abs(flip - spot), default=np.nan)


def _classes(slot: dict[str, Any], median_gross: float | None) -> dict[str, str | None]:
    gross = slot["call_gamma"] - slot["put_gamma"]
    ratio = (slot["call_gamma"] + slot["put_gamma"]) / gross if gross > 0 else None
    walls = Walls(
        slot["resistance"], slot["support"], slot["call_wall"], slot["put_wall"], slot["put_peak"], None
    )
    behavior = expected_behavior(
        ratio=ratio,
        spot=slot["spot"],
        walls=walls,
        near_expiry_share=slot["near_expiry_share"],
        gross=gross,
        vix=slot["vix"],
        median_gross=median_gross,
    )
    return {"dealer_positioning": positioning(ratio), "expected_behavior": behavior}
