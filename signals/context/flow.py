"""Flow engine: what the option trades of one, four and 24 hours say. The boost uses four hours."""

from __future__ import annotations

from dataclasses import dataclass

from quant.score_thresholds import BOOST_RULES, CONTEXT_RULES, FLOW_RULES
from signals.context.boost import Boost, Firing, Profile, shrunk
from signals.context.context import Context, freshness_of_age, instant, number
from signals.context.flow_reading import BEARISH, BULLISH, NEUTRAL, FlowReading, read_window
from signals.features.record import Features
from signals.rules.rule import LONG


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowContext(Context):
    """Readings of the windows, None for one without known trades.

    `smart_money_bias` is the side with clearly more sweeps in the last hour. `opening_share` is the share of the volume
    that opened positions for certain, a fraction. It is not measured and None: the stored sums of trades lack the open
    interest of the contracts.
    """

    short: FlowReading | None
    medium: FlowReading | None
    long: FlowReading | None
    smart_money_bias: str | None
    opening_share: float | None


def read(features: Features, row: int) -> FlowContext:
    """Return the context of one row of the record."""
    columns = features.flow
    silent = number(columns.silent_minutes, row)
    is_stale = silent is None or silent >= CONTEXT_RULES.flow_minutes
    windows = {
        name: read_window(getattr(columns, name), row, is_stale=is_stale)
        for name in ("short", "medium", "long")
    }
    medium = windows["medium"]
    bias = smart_money_bias(
        number(columns.short.bullish_sweeps, row), number(columns.short.bearish_sweeps, row)
    )
    absent = tuple(f"flow_{name}" for name, reading in windows.items() if reading is None)
    return FlowContext(
        as_of_ms=instant(columns.as_of_ms, row),
        known_at_ms=instant(columns.known_at_ms, row),
        is_stale=is_stale,
        freshness=freshness_of_age(silent, CONTEXT_RULES.flow_minutes),
        confidence=medium.confidence if medium else 0.0,
        missing=("flow",) if silent is None else absent,
        short=windows["short"],
        medium=medium,
        long=windows["long"],
        smart_money_bias=bias,
        opening_share=number(columns.opening_share, row),
    )


def smart_money_bias(bullish: float | None, bearish: float | None) -> str | None:
    """Return the side that has sweeps, and at least 1.5 times those of the other; None where they are not known."""
    if bullish is None or bearish is None:
        return None
    if bullish > 0.0 and bullish >= FLOW_RULES.smart_money_ratio * bearish:
        return BULLISH
    if bearish > 0.0 and bearish >= FLOW_RULES.smart_money_ratio * bullish:
        return BEARISH
    return NEUTRAL


def boost(context: FlowContext, firing: Firing, profile: Profile = "default") -> Boost:
    """Return the change of a score: a factor by the institutional score, with or against the sentiment."""
    with_direction = BULLISH if firing.direction == LONG else BEARISH
    if profile in ("phase1", "document3"):
        if context.smart_money_bias != with_direction:
            return shrunk(context, [])
        text = f"smart money is {with_direction}"
        if profile == "phase1":
            return shrunk(context, [], (BOOST_RULES.flow_phase1_factor, text))
        return shrunk(context, [(BOOST_RULES.flow_document3, text)])
    medium = context.medium
    if medium is None or medium.sentiment == NEUTRAL:
        return shrunk(context, [])
    aligned = medium.sentiment == with_direction
    factors = BOOST_RULES.flow_aligned if aligned else BOOST_RULES.flow_opposed
    text = f"flow is {medium.sentiment}, institutional score {medium.institutional}"
    if medium.institutional > BOOST_RULES.flow_strong:
        return shrunk(context, [], (factors[0], text))
    if medium.institutional > BOOST_RULES.flow_weak:
        return shrunk(context, [], (factors[1], text))
    return shrunk(context, [])


def followed(context: FlowContext, firing: Firing) -> int | None:
    """Return the institutional score where the flow is to be followed in the direction of a firing, else None.

    A firing on volatility has no direction that flow could have.
    """
    medium = context.medium
    if medium is None or medium.recommendation != "FOLLOW_FLOW" or firing.family == "volatility":
        return None
    wanted = BULLISH if firing.direction == LONG else BEARISH
    return medium.institutional if medium.sentiment == wanted else None
