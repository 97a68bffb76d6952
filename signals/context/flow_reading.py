"""What the option trades of one window say: sentiment, strength, how institutional they look, and what to do."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from quant.score_thresholds import AGGRESSIVENESS, FLOW_RULES
from quant.thresholds import FLOW_BIAS
from signals.context.context import number
from signals.features.context_columns import FlowWindow

_SUMS = (
    "trades", "premium", "call_volume", "put_volume", "big_premium", "sided_premium", "aggressive_premium", "sweeps",
)  # fmt: skip
BULLISH, NEUTRAL, BEARISH = "BULLISH", "NEUTRAL", "BEARISH"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowReading:
    """Reading of one window; premiums in dollars, shares as fractions, scores and confidence 0 to 100.

    `put_call_ratio` is put over call volume, None without calls; `relative_ratio` the same over its usual value, where
    `has_baseline` says that there is one. `bias` is from -1 to 1, above 0 with more calls. `imbalance` is the bullish
    less the bearish premium over their sum.
    """

    trades: int
    premium: float
    put_call_ratio: float | None
    relative_ratio: float | None
    has_baseline: bool
    sentiment: str
    bias: float
    strength: int
    institutional: int
    aggressiveness: str | None
    imbalance: float | None
    confidence: float
    recommendation: str


def read_window(window: FlowWindow, row: int, *, is_stale: bool) -> FlowReading | None:
    """Return the reading of one row of a window; None where one of its sums is not known."""
    sums = [number(getattr(window, name), row) for name in _SUMS]
    known = [one for one in sums if one is not None]
    if len(known) < len(sums):
        return None
    trades, premium, calls, puts, big, sided, aggressive, sweeps = known
    baseline = number(window.baseline, row)
    usual = baseline if baseline else None
    ratio = puts / calls if calls > 0.0 else None
    relative = None if ratio is None else ratio / (usual or 1.0)
    sentiment, bias = _sentiment(relative, puts)
    strength = half_up(50.0 + 50.0 * min(1.0, abs(bias) / FLOW_RULES.full_bias))
    institutional = _institutional(
        _share(big, premium), _share(premium, trades), _share(sweeps, trades), _share(aggressive, premium)
    )
    lost = (
        (20.0, trades < FLOW_RULES.few_trades),
        (15.0, premium < FLOW_RULES.little_premium),
        (15.0, sided < FLOW_RULES.known_side_share * premium),
        (15.0, usual is None),
        (10.0, number(window.is_short, row) == 1.0),
        (30.0, is_stale),
    )
    reading = FlowReading(
        trades=int(trades),
        premium=premium,
        put_call_ratio=ratio,
        relative_ratio=relative,
        has_baseline=usual is not None,
        sentiment=sentiment,
        bias=bias,
        strength=strength,
        institutional=institutional,
        aggressiveness=AGGRESSIVENESS.label(_share(aggressive, premium)) if premium else None,
        imbalance=_imbalance(number(window.bullish_premium, row), number(window.bearish_premium, row)),
        confidence=max(0.0, 100.0 - sum(points for points, holds in lost if holds)),
        recommendation="WAIT",
    )
    waits = trades < FLOW_RULES.wait_trades or premium < FLOW_RULES.wait_premium or is_stale
    return reading if waits else replace(reading, recommendation=_recommendation(reading))


def half_up(value: float) -> int:
    """Return the nearest whole number, the larger one at a half."""
    return math.floor(value + 0.5)


def _sentiment(relative: float | None, puts: float) -> tuple[str, float]:
    """Return sentiment and bias by the ratio of puts to calls over its usual value."""
    if relative is None:
        return (BEARISH, -1.0) if puts > 0.0 else (NEUTRAL, 0.0)
    return FLOW_BIAS.label(relative) or NEUTRAL, (1.0 - relative) / (1.0 + relative)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0


def _institutional(big: float, mean_premium: float, sweeps: float, aggressive: float) -> int:
    rules = FLOW_RULES
    filled = (
        big / rules.full_big_share,
        mean_premium / rules.full_mean_premium,
        sweeps / rules.full_sweep_share,
        aggressive / rules.full_aggressive_share,
    )
    return half_up(sum(weight * min(1.0, part) for weight, part in zip(rules.weights, filled, strict=True)))


def _recommendation(reading: FlowReading) -> str:
    """Return what to do with a flow that is recent and large enough."""
    rules = FLOW_RULES
    follows = (
        reading.sentiment != NEUTRAL
        and reading.strength >= rules.follow_strength
        and reading.institutional >= rules.follow_institutional
        and reading.confidence >= rules.follow_confidence
    )
    if follows:
        return "FOLLOW_FLOW"
    if reading.institutional >= rules.confirm_institutional:
        return "CONFIRM_FLOW"
    if reading.institutional < rules.fade_institutional and reading.strength > rules.fade_strength:
        return "FADE_FLOW"
    return "NEUTRAL"


def _imbalance(bullish: float | None, bearish: float | None) -> float | None:
    if bullish is None or bearish is None or bullish + bearish <= 0.0:
        return None
    return (bullish - bearish) / (bullish + bearish)
