"""IV percentile engine: how implied volatility stands against its own year, and whether it rises before an event."""

from __future__ import annotations

from dataclasses import dataclass

from quant.score_thresholds import BOOST_RULES
from signals.context.boost import Boost, Firing, Profile, shrunk
from signals.context.context import Context, freshness_of_row, instant, missing_names, number, text
from signals.features.record import Features
from signals.rules.rule import LONG

WAIT = "WAIT_FOR_IV_DROP"
_RAMPS = ("announced", "dark_horse")
_LOW = ("LOW", "EXTREMELY_LOW")


@dataclass(frozen=True, slots=True, kw_only=True)
class IvContext(Context):
    """Values of the daily row; volatilities and shares are fractions, `recommendation` waits during a ramp."""

    rank: float | None
    percentile: float | None
    iv_regime: str | None
    recommendation: str | None
    trend: str | None
    ramp: str | None
    data_points: float | None
    expected_move: float | None
    variance_premium: float | None


def read(features: Features, row: int) -> IvContext:
    """Return the context of one row of the record."""
    columns = features.iv
    age, points = number(columns.age_sessions, row), number(columns.data_points, row)
    ramp = text(columns.ramp, row)
    values: dict[str, object] = {
        "rank": number(columns.rank, row),
        "percentile": number(columns.percentile, row),
        "regime": text(columns.iv_regime, row),
        "trend": text(columns.trend, row),
        "ramp": ramp,
        "expected_move": number(columns.expected_move, row),
        "variance_premium": number(columns.variance_premium, row),
    }
    return IvContext(
        as_of_ms=instant(columns.as_of_ms, row),
        known_at_ms=instant(columns.known_at_ms, row),
        is_stale=age != 0.0,
        freshness=freshness_of_row(age),
        confidence=100.0 * min(1.0, (points or 0.0) / BOOST_RULES.iv_full_points),
        missing=missing_names("iv", age is not None, values),
        rank=number(columns.rank, row),
        percentile=number(columns.percentile, row),
        iv_regime=text(columns.iv_regime, row),
        recommendation=WAIT if ramp in _RAMPS else text(columns.recommendation, row),
        trend=text(columns.trend, row),
        ramp=ramp,
        data_points=points,
        expected_move=number(columns.expected_move, row),
        variance_premium=number(columns.variance_premium, row),
    )


def boost(context: IvContext, firing: Firing, profile: Profile = "default") -> Boost:
    """Return the change of a score: low volatility helps a long setup, a ramp before an event harms it."""
    parts: list[tuple[float, str]] = []
    factor = None
    if firing.direction == LONG:
        if profile == "phase1":
            if context.percentile is not None and context.percentile < BOOST_RULES.iv_phase1_below:
                factor = (BOOST_RULES.iv_phase1_factor, f"IV percentile {context.percentile:.2f}")
        elif context.iv_regime in _LOW:
            parts.append((BOOST_RULES.iv_low, f"IV is {context.iv_regime}"))
        if context.ramp in _RAMPS:
            parts.append((BOOST_RULES.iv_ramp, WAIT))
    return shrunk(context, parts, factor)
