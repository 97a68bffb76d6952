"""Classes of net dealer gamma: positioning, strength and expected behavior of the underlying."""

from __future__ import annotations

from quant.gamma.levels import Walls
from quant.thresholds import (
    PINNING_DISTANCE,
    PINNING_DISTANCE_NEAR_EXPIRY,
    PINNING_NEAR_EXPIRY_SHARE,
    POSITIONING_NEUTRAL_BELOW,
    POSITIONING_STRENGTH,
    THIN_GROSS,
    VOLATILE_VIX,
)


def positioning(ratio: float | None) -> str | None:
    """Return the class of net / gross: NEUTRAL below 0.10 in absolute value, else LONG_GAMMA or SHORT_GAMMA."""
    if ratio is None:
        return None
    if abs(ratio) < POSITIONING_NEUTRAL_BELOW:
        return "NEUTRAL"
    return "LONG_GAMMA" if ratio > 0 else "SHORT_GAMMA"


def strength(ratio: float | None) -> str | None:
    """Return the class of |net / gross|: WEAK, MODERATE, STRONG or EXTREME."""
    return POSITIONING_STRENGTH.label(None if ratio is None else abs(ratio))


def expected_behavior(
    *,
    ratio: float | None,
    spot: float,
    walls: Walls,
    near_expiry_share: float | None,
    gross: float,
    vix: float | None = None,
    median_gross: float | None = None,
) -> str | None:
    """Return the expected behavior of the underlying, or None without positioning.

    Short gamma amplifies: VOLATILE when it is STRONG or more and the VIX is at 20 or above, or spot is
    below the largest put strike; TRENDING otherwise. Long gamma dampens: PINNING with a wall within
    0.5 % of spot, or within 1 % when 40 % of gross expires by the next day; RANGE_BOUND otherwise.
    Neutral: VOLATILE when gross is under half of its 20-session median, RANGE_BOUND otherwise. An
    unknown `vix` or `median_gross` leaves its condition unmet.
    """
    side = positioning(ratio)
    if side is None:
        return None
    if side == "SHORT_GAMMA":
        fallen_through = walls.put_peak is not None and spot < walls.put_peak
        stressed = fallen_through or (vix is not None and vix >= VOLATILE_VIX)
        return "VOLATILE" if strength(ratio) in ("STRONG", "EXTREME") and stressed else "TRENDING"
    if side == "LONG_GAMMA":
        near_expiry = near_expiry_share is not None and near_expiry_share >= PINNING_NEAR_EXPIRY_SHARE
        reach = PINNING_DISTANCE_NEAR_EXPIRY if near_expiry else PINNING_DISTANCE
        levels = (walls.resistance, walls.support)
        pinned = any(level is not None and abs(level - spot) / spot <= reach for level in levels)
        return "PINNING" if pinned else "RANGE_BOUND"
    thin = median_gross is not None and gross < THIN_GROSS * median_gross
    return "VOLATILE" if thin else "RANGE_BOUND"
