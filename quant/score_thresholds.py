"""Numbers of the context engines, the score, the confluence and the styles of signals: one frozen table each.

Scores, boosts and confidences are in points of 0 to 100; ages in minutes; shares and distances are fractions.
"""

from __future__ import annotations

from dataclasses import dataclass

from quant.thresholds import CutTable, above


@dataclass(frozen=True, slots=True)
class ContextRules:
    """How much of a boost is left by the age and the confidence of its context.

    It falls from all at the limit of the age to nothing at `stale_multiple` times the limit, and from all at
    `full_confidence` to nothing at `no_confidence`.
    """

    gamma_minutes: float = 30.0
    flow_minutes: float = 2.0  # without the stream
    stale_multiple: float = 3.0
    one_session_late: float = 0.5  # of a daily row
    no_confidence: float = 20.0
    full_confidence: float = 80.0


@dataclass(frozen=True, slots=True)
class BoostRules:
    """Boosts of the engines, in points; factors multiply the score."""

    iv_full_points: float = 200.0  # daily rows for full confidence
    iv_low: float = 5.0
    iv_ramp: float = -10.0
    iv_phase1_below: float = 0.30
    iv_phase1_factor: float = 1.15
    gamma_amplifies: float = 10.0
    gamma_dampens: float = 5.0
    gamma_wall: float = -5.0
    gamma_wall_distance: float = 0.005
    gamma_pinning: float = -5.0
    flow_strong: float = 70.0  # institutional score above which the stronger factor is used
    flow_weak: float = 50.0
    flow_aligned: tuple[float, float] = (1.20, 1.10)  # above `flow_strong`, above `flow_weak`
    flow_opposed: tuple[float, float] = (0.80, 0.90)
    flow_phase1_factor: float = 1.10
    flow_document3: float = 8.0
    regime_quiet: float = -5.0
    frames_full: float = 10.0
    frames_most: float = 5.0
    frames_conflict: float = -15.0
    minimum_score: float = 60.0


@dataclass(frozen=True, slots=True)
class FlowRules:
    """Limits of the flow engine; premiums in dollars."""

    full_bias: float = 0.30  # |bias| for the strength 100
    full_big_share: float = 0.60
    full_mean_premium: float = 100_000.0
    full_sweep_share: float = 0.05
    full_aggressive_share: float = 0.50
    weights: tuple[float, float, float, float] = (40.0, 25.0, 20.0, 15.0)  # in the order of the four above
    few_trades: int = 20
    little_premium: float = 100_000.0
    known_side_share: float = 0.50
    wait_trades: int = 10
    wait_premium: float = 50_000.0
    follow_strength: float = 60.0
    follow_institutional: float = 70.0
    follow_confidence: float = 60.0
    confirm_institutional: float = 50.0
    fade_institutional: float = 20.0
    fade_strength: float = 80.0
    smart_money_ratio: float = 1.5  # sweeps of one side over those of the other


CONTEXT_RULES = ContextRules()
BOOST_RULES = BoostRules()
FLOW_RULES = FlowRules()
AGGRESSIVENESS = CutTable("aggressiveness", ("PASSIVE", "NORMAL", "AGGRESSIVE"), (above(0.10), 0.30))

# Weekly, daily, 4 hours, 1 hour, 15 and 5 minutes: the order of the votes.
FRAME_WEIGHTS = (3.0, 2.0, 1.5, 1.0, 0.5, 0.25)
ALIGNMENT = CutTable(
    "alignment", ("DIVERGING", "NEUTRAL", "MOSTLY_ALIGNED", "FULLY_ALIGNED"), (0.45, 0.65, 0.85)
)
CONFLICTING = "CONFLICTING"

CONFLUENCE_WEIGHTS = {"trend": 30.0, "momentum": 25.0, "technical": 20.0, "volume": 15.0, "volatility": 10.0}
CONFLUENCE_COLOUR = CutTable("confluence_colour", ("low", "middle", "high"), (40.0, above(60.0)))

# Shares of the components in a style, and of the institutional score that is added to it.
STYLE_SHARES = {
    "scalp": {"momentum": 0.45, "volume": 0.35, "technical": 0.20},
    "day": {"trend": 0.35, "momentum": 0.25, "technical": 0.20, "volume": 0.20},
    "swing": {"trend": 0.60, "technical": 0.20, "volatility": 0.20},
}
STYLE_INSTITUTIONAL = {"scalp": 0.15, "day": 0.12, "swing": 0.10}
