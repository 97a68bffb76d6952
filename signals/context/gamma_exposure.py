"""Gamma exposure engine: whether the hedging of dealers amplifies or dampens moves, and where walls are."""

from __future__ import annotations

from dataclasses import dataclass

from quant.score_thresholds import BOOST_RULES, CONTEXT_RULES
from signals.context.boost import Boost, Firing, Profile, shrunk
from signals.context.context import Context, freshness_of_age, instant, missing_names, number, text
from signals.features.record import Features
from signals.rules.rule import LONG

_NOT_AMPLIFIED = ("reversion", "pin", "volatility")
_AMPLIFIED_BOTH_WAYS = ("breakout", "gamma", "opening")


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaContext(Context):
    """Values of the newest snapshot: `ratio` net over gross gamma, levels in dollars or index points, age in minutes.

    `agreement` is 1 where all conventions have one sign.
    """

    age_minutes: float | None
    ratio: float | None
    positioning: str | None
    strength: str | None
    behavior: str | None
    max_gamma_strike: float | None
    resistance: float | None
    support: float | None
    call_wall: float | None
    put_wall: float | None


def read(features: Features, row: int) -> GammaContext:
    """Return the context of one row of the record."""
    columns = features.gamma
    age, fresh = number(columns.age_minutes, row), number(columns.is_fresh, row)
    agree, measured = number(columns.agree, row), number(columns.measured, row)
    values: dict[str, object] = {
        "ratio": number(columns.ratio, row),
        "positioning": text(columns.positioning, row),
        "strength": text(columns.strength, row),
        "behavior": text(columns.behavior, row),
        "agree": agree,
        "measured": measured,
        "max_gamma_strike": number(columns.max_gamma_strike, row),
        "resistance": number(columns.resistance, row),
        "support": number(columns.support, row),
        "call_wall": number(columns.call_wall, row),
        "put_wall": number(columns.put_wall, row),
    }
    return GammaContext(
        as_of_ms=instant(columns.slot_ms, row),
        known_at_ms=instant(columns.known_at_ms, row),
        is_stale=fresh != 1.0,
        freshness=freshness_of_age(age, CONTEXT_RULES.gamma_minutes),
        confidence=100.0 * (measured or 0.0),
        agreement=1.0 if agree == 1.0 else 0.0,
        missing=missing_names("gamma", fresh is not None, values),
        age_minutes=age,
        ratio=number(columns.ratio, row),
        positioning=text(columns.positioning, row),
        strength=text(columns.strength, row),
        behavior=text(columns.behavior, row),
        max_gamma_strike=number(columns.max_gamma_strike, row),
        resistance=number(columns.resistance, row),
        support=number(columns.support, row),
        call_wall=number(columns.call_wall, row),
        put_wall=number(columns.put_wall, row),
    )


def boost(context: GammaContext, firing: Firing, profile: Profile = "default") -> Boost:
    """Return the change of a score by the sign of gamma, a wall ahead of the price, and pinning."""
    parts = (
        _by_sign_in_both_directions(context, firing)
        if profile == "neutral_gamma"
        else _by_sign(context, firing)
    )
    if _wall_ahead(context, firing):
        parts.append((BOOST_RULES.gamma_wall, "a wall is close ahead"))
    if context.behavior == "PINNING" and firing.family == "breakout":
        parts.append((BOOST_RULES.gamma_pinning, "the price is pinned"))
    return shrunk(context, parts)


def _by_sign(context: GammaContext, firing: Firing) -> list[tuple[float, str]]:
    amplified = firing.direction == LONG and firing.family not in _NOT_AMPLIFIED
    if context.positioning == "SHORT_GAMMA" and amplified:
        return [(BOOST_RULES.gamma_amplifies, "short gamma amplifies moves")]
    return []


def _by_sign_in_both_directions(context: GammaContext, firing: Firing) -> list[tuple[float, str]]:
    if context.positioning == "SHORT_GAMMA" and firing.family in _AMPLIFIED_BOTH_WAYS:
        return [(BOOST_RULES.gamma_amplifies, "short gamma amplifies moves")]
    if context.positioning == "LONG_GAMMA" and firing.family == "reversion":
        return [(BOOST_RULES.gamma_dampens, "long gamma dampens moves")]
    return []


def _wall_ahead(context: GammaContext, firing: Firing) -> bool:
    wall = context.resistance if firing.direction == LONG else context.support
    if wall is None:
        return False
    distance = firing.direction * (wall - firing.reference) / firing.reference
    return 0.0 <= distance <= BOOST_RULES.gamma_wall_distance
