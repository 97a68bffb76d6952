"""Dealer gamma exposure of a chain: by strike, in total, walls, flips and sensitivity.

Dollars per 1 % move of the underlying throughout: gamma * size * multiplier * spot^2 * 0.01, signed by
a convention of `quant.gamma.conventions`. Open interest is the count after the previous session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from quant.chain import Bools, Floats, OptionChain
from quant.gamma.conventions import (
    CONVENTIONS,
    CUSTOMERS_LONG,
    NAIVE,
    OWN_GAMMA,
    VOLUME_WEIGHTED,
    Convention,
    dealer_gamma,
    live,
    sane,
)
from quant.gamma.flip_status import NO_PROFILE
from quant.gamma.levels import Walls, distance_pct, walls
from quant.gamma.max_pain import MaxPain, max_pain
from quant.gamma.pin import largest_net_strike, session_pin, usable_share
from quant.gamma.positioning import expected_behavior, positioning, strength
from quant.gamma.sensitivity import sensitivity
from quant.gamma.totals import Totals, totals

__all__ = [
    "CONVENTIONS",
    "CUSTOMERS_LONG",
    "METHOD_VERSION",
    "NAIVE",
    "OWN_GAMMA",
    "VOLUME_WEIGHTED",
    "Convention",
    "GammaSnapshot",
    "MaxPain",
    "StrikeExposure",
    "Totals",
    "Walls",
    "dealer_gamma",
    "exposure_by_strike",
    "max_pain",
    "put_call_ratio",
    "snapshot",
    "totals",
]

METHOD_VERSION = "gamma-3"


class StrikeExposure(NamedTuple):
    """Dealer gamma and open interest by strike, strikes ascending, all of shape (k,); unknowns count as 0."""

    strike: Floats
    call: Floats  # signed by the convention
    put: Floats  # signed by the convention: not positive under the naive one
    net: Floats  # call + put
    call_open_interest: Floats
    put_open_interest: Floats


@dataclass(frozen=True, slots=True)
class GammaSnapshot:
    """Dealer gamma of one chain; None for values that cannot be computed."""

    underlying_price: float | None
    total_gamma: float | None
    call_gamma: float | None
    put_gamma: float | None
    gross_gamma: float | None
    dealer_positioning: str | None
    positioning_strength: str | None
    expected_behavior: str | None
    gamma_wall_resistance: float | None
    gamma_wall_support: float | None
    call_wall: float | None
    put_wall: float | None
    absolute_gamma_strike: float | None
    distance_to_resistance_pct: float | None
    distance_to_support_pct: float | None
    gamma_flip: float | None  # None unless flip_status is found
    flip_points: tuple[float, ...]  # all zeros of the profile
    flip_status: str
    signs_agree: bool | None  # of the conventions that vote
    naive_flips: tuple[float, ...] | None  # as flip_points; None without a profile
    volume_flips: tuple[float, ...] | None
    own_flips: tuple[float, ...] | None
    largest_net_strike: float | None
    usable_share: float | None  # of open interest
    settles_today: bool  # contracts expire on the day of the chain
    pin_strike: float | None  # `quant.gamma.pin`
    pin_open_interest: float | None
    pin_share: float | None
    put_call_oi_ratio: float | None
    put_call_volume_ratio: float | None
    zero_dte_share: float | None  # of gross gamma, in contracts that expire on the day of the snapshot
    gamma_by_strike: dict[str, dict[str, float]]
    oi_by_strike: dict[str, dict[str, float]]
    sensitivity: dict[str, Any]
    contracts: int  # in the chain
    contracts_used: int  # with a known dealer gamma
    rejected: dict[str, int]  # number of the other contracts by reason
    method_version: str = METHOD_VERSION

    @property
    def dealer_net_gamma(self) -> float | None:
        """Net dealer gamma, equal to `total_gamma`."""
        return self.total_gamma


def exposure_by_strike(chain: OptionChain, gex: Floats) -> StrikeExposure:
    """Add up dealer gamma `gex`, shape (n,), and open interest by strike, of contracts that are not settled."""
    alive = live(chain)
    strike, place = np.unique(chain.strike[alive], return_inverse=True)
    is_call, known = chain.is_call[alive], _known(gex[alive])
    interest = _known(chain.open_interest[alive])

    def add(values: Floats, side: Bools) -> Floats:
        return np.bincount(place, np.where(side, values, 0.0), len(strike)).astype(np.float64, copy=False)

    call, put = add(known, is_call), add(known, ~is_call)
    return StrikeExposure(strike, call, put, call + put, add(interest, is_call), add(interest, ~is_call))


def put_call_ratio(chain: OptionChain, size: Floats) -> float | None:
    """Return puts over calls in `size`, shape (n,), of contracts that are not settled; None without calls."""
    held = np.where(live(chain), _known(size), 0.0)
    calls = float(held[chain.is_call].sum())
    return float(held[~chain.is_call].sum()) / calls if calls > 0 else None


def snapshot(
    chain: OptionChain,
    own_gamma: Floats | None = None,
    own_iv: Floats | None = None,
    vix: float | None = None,
    median_gross: float | None = None,
    levels: int = 161,
) -> GammaSnapshot:
    """Compute the snapshot of a chain under the naive convention, and net gamma and flips under every other one.

    `own_gamma` and `own_iv`, shape (n,), are our own values, for the own-gamma convention.
    `vix` and `median_gross` (gross gamma's 20-session median) refine `expected_behavior` and may be
    unknown. The profile runs over `levels` prices within 20 % of spot, with the forward and rate of each
    settlement. An empty chain, or one without spot, gives None and empty tables.
    """
    gex = dealer_gamma(chain)
    by_strike, total = exposure_by_strike(chain, gex), totals(chain, gex)
    known = total.gross_gamma > 0
    wall = walls(by_strike.strike, by_strike.call, by_strike.put, chain.spot)
    ratio = total.total_gamma / total.gross_gamma if known else None
    table = sensitivity(chain, own_gamma, own_iv, levels)
    naive = table["conventions"]["naive"] or {"flips": [], "flip": None, "flip_status": NO_PROFILE}
    rejected, pin = _rejected(chain), session_pin(chain)
    return GammaSnapshot(
        underlying_price=None if np.isnan(chain.spot) else chain.spot,
        total_gamma=total.total_gamma if known else None,
        call_gamma=total.call_gamma if known else None,
        put_gamma=total.put_gamma if known else None,
        gross_gamma=total.gross_gamma if known else None,
        dealer_positioning=positioning(ratio),
        positioning_strength=strength(ratio),
        expected_behavior=expected_behavior(
            ratio=ratio,
            spot=chain.spot,
            walls=wall,
            near_expiry_share=_gross_share(gex, chain.days_to_expiry <= 1),
            gross=total.gross_gamma,
            vix=vix,
            median_gross=median_gross,
        ),
        gamma_wall_resistance=wall.resistance,
        gamma_wall_support=wall.support,
        call_wall=wall.call_wall,
        put_wall=wall.put_wall,
        absolute_gamma_strike=wall.absolute_gamma_strike,
        distance_to_resistance_pct=distance_pct(wall.resistance, chain.spot),
        distance_to_support_pct=distance_pct(wall.support, chain.spot),
        gamma_flip=naive["flip"],
        flip_points=tuple(naive["flips"]),
        flip_status=naive["flip_status"],
        signs_agree=table["signs_agree"],
        naive_flips=_flips(table, NAIVE),
        volume_flips=_flips(table, VOLUME_WEIGHTED),
        own_flips=_flips(table, OWN_GAMMA),
        largest_net_strike=largest_net_strike(by_strike.strike, by_strike.net, chain.spot),
        usable_share=usable_share(chain),
        settles_today=pin.settles_today,
        pin_strike=pin.strike,
        pin_open_interest=pin.open_interest,
        pin_share=pin.share,
        put_call_oi_ratio=put_call_ratio(chain, chain.open_interest),
        put_call_volume_ratio=put_call_ratio(chain, chain.volume),
        zero_dte_share=_gross_share(gex, chain.days_to_expiry <= 0),
        gamma_by_strike={
            _strike_key(strike): {"call": round(call, 2), "put": round(put, 2), "net": round(net, 2)}
            for strike, call, put, net in zip(*(column.tolist() for column in by_strike[:4]), strict=True)
        },
        oi_by_strike={
            _strike_key(strike): {"call": call, "put": put}
            for strike, call, put in zip(
                by_strike.strike.tolist(),
                by_strike.call_open_interest.tolist(),
                by_strike.put_open_interest.tolist(),
                strict=True,
            )
        },
        sensitivity=table,
        contracts=len(chain),
        contracts_used=len(chain) - sum(rejected.values()),
        rejected=rejected,
    )


def _known(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)


def _gross_share(gex: Floats, part: Bools) -> float | None:
    size = np.abs(_known(gex))
    gross = float(size.sum())
    return float(size[part].sum()) / gross if gross > 0 else None


def _rejected(chain: OptionChain) -> dict[str, int]:
    """Count the contracts without dealer gamma, each under the first reason that applies."""
    reasons = {
        "no_underlying": np.full(len(chain), np.isnan(chain.spot)),
        "expired": ~live(chain),
        "no_gamma": np.isnan(chain.gamma),
        "insane_gamma": ~sane(chain.gamma),
        "no_open_interest": np.isnan(NAIVE.weights(chain)),
    }
    left = np.ones(len(chain), dtype=bool)
    counts = {}
    for reason, applies in reasons.items():
        counts[reason] = int(np.count_nonzero(left & applies))
        left &= ~applies
    return counts


def _strike_key(strike: float) -> str:
    """Return a strike as a JSON key without trailing zeros: '6475' and '6477.5', never '6475.0'."""
    return f"{strike:.3f}".rstrip("0").rstrip(".")


def _flips(table: dict[str, Any], convention: Convention) -> tuple[float, ...] | None:
    """Return all zeros of a convention's profile; None without data or without a profile at spot."""
    found = table["conventions"][convention.name]
    return None if found is None or found["net_repriced"] is None else tuple(found["flips"])
