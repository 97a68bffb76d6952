"""Regime engine: the market regime of the last finished session and the term structure of volatility."""

from __future__ import annotations

from dataclasses import dataclass

from quant.score_thresholds import BOOST_RULES
from signals.context.boost import Boost, Firing, shrunk
from signals.context.context import Context, freshness_of_row, instant, missing_names, number, text
from signals.features.record import Features
from signals.rules.rule import LONG

_QUIET = ("RANGE_BOUND", "CHOPPY")
_CONTRARIAN = ("CAPITULATION", "EUPHORIA")
TERM_SOURCE = "VIX and VIX3M"  # in place of volatility futures, which the provider does not offer


@dataclass(frozen=True, slots=True)
class TermAdvice:
    """What the documents say about a term structure."""

    recommendation: str
    message: str


TERM_ADVICE = {
    "FEAR": TermAdvice(
        "CONTRARIAN_LONG_SETUP", "VIX term structure inverted -10% → Market pricing imminent risk"
    ),
    "COMPLACENCY": TermAdvice("PREPARE_FOR_VOL_SPIKE", "VIX term structure steep +20% → Complacency extreme"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeContext(Context):
    """Values of the daily row; `vix` in index points. `is_contrarian` marks an extreme of fear or greed.

    `term_source` says by which indices the term structure was labelled.
    """

    market_regime: str | None
    vix: float | None
    term_label: str | None
    term_advice: TermAdvice | None
    term_source: str | None
    is_contrarian: bool


def read(features: Features, row: int) -> RegimeContext:
    """Return the context of one row of the record."""
    columns = features.regime
    age, confidence = number(columns.age_sessions, row), number(columns.confidence, row)
    market_regime, term = text(columns.market_regime, row), text(columns.term_label, row)
    vix = number(columns.vix, row)
    values: dict[str, object] = {"market": market_regime, "confidence": confidence, "vix": vix, "term": term}
    return RegimeContext(
        as_of_ms=instant(columns.as_of_ms, row),
        known_at_ms=instant(columns.known_at_ms, row),
        is_stale=age != 0.0,
        freshness=freshness_of_row(age),
        confidence=confidence or 0.0,
        missing=missing_names("regime", age is not None, values),
        market_regime=market_regime,
        vix=vix,
        term_label=term,
        term_advice=TERM_ADVICE.get(term or ""),
        term_source=TERM_SOURCE if term else None,
        is_contrarian=market_regime in _CONTRARIAN,
    )


def boost(context: RegimeContext, firing: Firing) -> Boost:
    """Return the change of a score: a market without direction harms setups that need one."""
    quiet = context.market_regime in _QUIET and firing.family in ("breakout", "trend")
    parts = [(BOOST_RULES.regime_quiet, f"the market is {context.market_regime}")] if quiet else []
    return shrunk(context, parts)


def block(context: RegimeContext, firing: Firing) -> str:
    """Return the name of the block of a reversion against a strong trend, '' where it does not hold or is stale."""
    against = "STRONG_DOWNTREND" if firing.direction == LONG else "STRONG_UPTREND"
    blocked = firing.family == "reversion" and not context.is_stale and context.market_regime == against
    return f"regime {against}" if blocked else ""
