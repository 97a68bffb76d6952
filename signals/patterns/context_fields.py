"""Fields of gamma, implied volatility, flow, market regime and alignment of timeframes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quant.score_thresholds import AGGRESSIVENESS, ALIGNMENT, CONFLICTING
from quant.thresholds import POSITIONING_STRENGTH
from signals.context.flow import FlowContext
from signals.context.flow_reading import BEARISH, BULLISH, NEUTRAL
from signals.features.context_columns import FRAMES
from signals.patterns.field import Field, Value, feature, flag, of_context, word
from warehouse.models.enums import (
    DealerPositioning,
    EventTiming,
    ExpectedBehavior,
    IvRecommendation,
    IvRegime,
    IvTrend,
    MarketRegime,
    TermStructure,
)

_PRICE = "dollars or index points"
_SIDES = (BULLISH, NEUTRAL, BEARISH)
_DO = ("WAIT", "FOLLOW_FLOW", "CONFIRM_FLOW", "FADE_FLOW", "NEUTRAL")


def _level(name: str, meaning: str) -> Field:
    return feature(name, _PRICE, meaning, f"gamma.{name}", low=0.0)


GAMMA: tuple[Field, ...] = (
    feature("ratio", "fraction", "net over gross dealer gamma", "gamma.ratio", -1.0, 1.0),
    word("positioning", "sign of net dealer gamma", "gamma.positioning", DealerPositioning),
    word("strength", "size of net against gross gamma", "gamma.strength", POSITIONING_STRENGTH.labels),
    word("behavior", "behavior of the price that gamma leads to", "gamma.behavior", ExpectedBehavior),
    flag("agree", "naive, volume-weighted and own gamma have one sign", "gamma.agree"),
    feature("age", "minutes", "age of the gamma snapshot at the end of the bar", "gamma.age_minutes", 0.0),
    _level("max_gamma_strike", "strike with the largest absolute net gamma"),
    _level("resistance", "gamma wall above spot"),
    _level("support", "gamma wall below spot"),
    _level("call_wall", "strike with the most call gamma"),
    _level("put_wall", "strike with the most put gamma"),
    flag("expires_today", "contracts of the symbol settle in this session", "gamma.settles_today"),
    _level("pin_strike", "strike with the most gamma that settles at today's close"),
    feature("pin_oi", "contracts", "open interest at the pin strike that settles today", "gamma.pin_oi", 0.0),
    feature(
        "pin_share", "fraction", "share of the pin strike in what settles today", "gamma.pin_share", 0.0, 1.0
    ),
)
IV: tuple[Field, ...] = (
    feature("iv_rank", "fraction", "implied volatility within its range of a year", "iv.rank", 0.0, 1.0),
    feature("iv_percentile", "fraction", "share of a year with a lower volatility", "iv.percentile", 0.0, 1.0),
    word("iv_regime", "class of the rank", "iv.iv_regime", IvRegime),
    of_context("iv", "iv_recommendation", "what the level suggests", lambda c: c.recommendation,
               choices=IvRecommendation),
    word("iv_trend", "direction of implied volatility", "iv.trend", IvTrend),
    feature("iv_n", "sessions", "sessions of the year with a volatility", "iv.data_points", 0.0),
    word("iv_ramp", "rise before an event", "iv.ramp", ("announced", "dark_horse", "none")),
    feature("iv_expected_move", _PRICE, "expected move of 30 days", "iv.expected_move", 0.0),
    feature("iv_variance_premium", "variance per year", "implied less realized variance", "iv.variance_premium"),
    feature("iv_front_iv", "fraction per year", "volatility of the first expiration after the event", "iv.front_iv",
            0.0),
    feature("iv_ex_event_iv", "fraction per year", "the same without the event", "iv.ex_event_iv", 0.0),
    word("iv_event", "when a confirmed event before the next close happens", "iv.event_timing", EventTiming),
)  # fmt: skip


def _reading(window: str, value: Callable[[Any], Value]) -> Callable[[FlowContext], Value]:
    """Return a function of the context that reads a window's reading, None without known trades."""
    return lambda context: None if getattr(context, window) is None else value(getattr(context, window))


def _window(prefix: str, window: str, hours: str) -> tuple[Field, ...]:
    def one(name: str, meaning: str, attribute: str, **limits: Any) -> Field:
        read = _reading(window, lambda reading: getattr(reading, attribute))
        return of_context("flow", f"{prefix}{name}", f"{meaning}, {hours}", read, **limits)

    return (
        one("trades", "option trades", "trades", unit="trades", low=0.0),
        one("premium", "premium of option trades", "premium", unit="dollars", low=0.0),
        one("sentiment", "side of the volume against its usual ratio", "sentiment", choices=_SIDES),
        one("bias", "share by which calls prevail", "bias", unit="fraction", low=-1.0, high=1.0),
        one("strength", "strength of the sentiment", "strength", unit="points", low=50.0, high=100.0),
        one("imbalance", "bullish less bearish premium over both", "imbalance", unit="fraction", low=-1.0, high=1.0),
    )  # fmt: skip


def _medium(name: str, meaning: str, attribute: str, **limits: Any) -> Field:
    read = _reading("medium", lambda reading: getattr(reading, attribute))
    return of_context("flow", name, f"{meaning}, 4 hours", read, **limits)


FLOW: tuple[Field, ...] = (
    *_window("flow_", "medium", "4 hours"),
    _medium("flow_put_call_ratio", "put over call volume", "put_call_ratio", unit="ratio", low=0.0),
    _medium("flow_aggressiveness", "share of aggressive premium", "aggressiveness", choices=AGGRESSIVENESS.labels),
    _medium("flow_confidence", "confidence in the flow", "confidence", unit="points", low=0.0, high=100.0),
    _medium("flow_recommendation", "what to do with the flow", "recommendation", choices=_DO),
    _medium("institutional_score", "how institutional the trades look", "institutional", unit="points", low=0.0,
            high=100.0),
    *_window("flow_1h_", "short", "1 hour"),
    *_window("flow_24h_", "long", "24 hours"),
    of_context("flow", "flow_smart_money_bias", "side with clearly more sweeps in the last hour",
               lambda c: c.smart_money_bias, choices=_SIDES),
    feature("flow_coverage", "fraction", "share of sweep premium with a known side, 30 minutes",
            "flow.sweep_coverage", 0.0, 1.0),
)  # fmt: skip
REGIME: tuple[Field, ...] = (
    word("regime_market", "market regime of the last finished session", "regime.market_regime", MarketRegime),
    feature("regime_confidence", "points", "confidence in the regime", "regime.confidence", 0.0, 100.0),
    feature("regime_vix", "index points", "level of VIX", "regime.vix", 0.0),
    word("regime_term", "class of the term structure of VIX and VIX3M", "regime.term_label", TermStructure),
    of_context(
        "regime", "regime_contrarian", "an extreme of fear or greed", lambda c: c.is_contrarian, is_flag=True
    ),
)


def _vote(frame: str) -> Field:
    meaning = f"vote of the {frame} frame, above 0 for rising prices"
    return of_context(
        "alignment",
        f"mtf_{frame}",
        meaning,
        lambda context: context.votes.get(frame),
        unit="points",
        low=-2.0,
        high=2.0,
    )


ALIGNED: tuple[Field, ...] = (
    of_context("alignment", "mtf_score", "weighted mean of the votes", lambda c: c.score, unit="fraction", low=-1.0,
               high=1.0),
    of_context("alignment", "mtf_alignment", "how far the frames agree", lambda c: c.alignment,
               choices=(*ALIGNMENT.labels, CONFLICTING)),
    of_context("alignment", "mtf_confidence", "weight of the frames that are present", lambda c: c.confidence,
               unit="points", low=0.0, high=100.0),
    *(_vote(frame) for frame in FRAMES),
)  # fmt: skip
FIELDS: tuple[Field, ...] = (*GAMMA, *IV, *FLOW, *REGIME, *ALIGNED)
