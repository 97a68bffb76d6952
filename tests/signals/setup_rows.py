"""Rows of signals and of their events for tests."""

from __future__ import annotations

from typing import Any

from warehouse.models import ConfluenceBar, Signal, SignalEvent

BAR_END = 1_795_536_900_000  # 2026-11-24 11:15 New York
AFTER_MS = 40_000

CONTEXT = {
    "as_of_ms": BAR_END - 900_000, "known_at_ms": BAR_END - 880_000, "is_stale": False, "freshness": 1.0,
    "confidence": 100.0, "agreement": 1.0, "missing": [],
}  # fmt: skip
ABSENT = {
    "as_of_ms": None, "known_at_ms": None, "is_stale": True, "freshness": 0.0, "confidence": 0.0, "agreement": 1.0,
}  # fmt: skip


COMPONENTS = {
    "trend": {"name": "trend", "weight": 30.0, "value": 77.5, "checks": {"trendConfirmed": True}},
    "momentum": {"name": "momentum", "weight": 25.0, "value": 52.5, "checks": {"momentumConfirmed": False}},
    "technical": {
        "name": "technical", "weight": 20.0, "value": 75.0,
        "checks": {"vwapAligned": True, "emaAligned": None},
    },
    "volume": {"name": "volume", "weight": 15.0, "value": None, "checks": {"volumeAboveAvg": None}},
    "volatility": {
        "name": "volatility", "weight": 10.0, "value": 30.0, "checks": {"volatilityNormal": False}
    },
}  # fmt: skip


def add_confluence(symbol: str, bar_end: int, **given: Any) -> ConfluenceBar:
    """Store the confluence of a symbol for rising prices, known 10 s after its evaluation."""
    known_at = bar_end + AFTER_MS + 10_000
    row = {
        "side": 1,
        "overall": 68.4,
        "components": COMPONENTS,
        "method_version": "test",
        "known_at": known_at,
    }
    return ConfluenceBar.objects.create(symbol=symbol, bar_end=bar_end, **(row | given))


def add_signal(**given: Any) -> Signal:
    """Store a breakout of SPY, ACTIVE unless `given` says otherwise."""
    row: dict[str, Any] = {
        "symbol": "SPY",
        "timeframe": "15m",
        "detector": "breakout_bullish",
        "direction": "LONG",
        "bar_end": BAR_END,
        "disposition": "ACTIVE",
        "family": "breakout",
        "outcome_kind": "session",
        "reference_price": 450.6,
        "stop": 449.6,
        "targets": [452.1, 452.6, 453.6],
        "base_score": 76.8,
        "final_score": 87.23,
        "confluence": 70.5,
        "scalp_score": 80.0,
        "day_score": 82.5,
        "swing_score": 78.0,
        "style": "day",
        "factors": [
            {"text": "relative volume", "weight": 0.3, "value": 0.48},
            {"text": "order of the means", "weight": 0.15, "value": 0.88},
            {"text": "close within the bar", "weight": 0.15, "value": None},
        ],
        "terms": {
            "iv": {"delta": 0.0, "factor": 1.0, "shrink": 0.0, "reason": "no data: iv"},
            "gamma": {"delta": 10.0, "factor": 1.0, "shrink": 1.0, "reason": "short gamma amplifies moves"},
            "alignment": {"delta": -5.0, "factor": 1.0, "shrink": 1.0, "reason": "frames are MOSTLY_ALIGNED against"},
            "regime": {"delta": -2.5, "factor": 1.0, "shrink": 0.5, "reason": "the market is RANGE_BOUND"},
            "flow": {"delta": 0.0, "factor": 1.1, "shrink": 1.0, "reason": "flow is BULLISH"},
        },
        "components": COMPONENTS,
        "contexts": {
            "iv": {**ABSENT, "missing": ["iv"], "rank": None, "percentile": None, "iv_regime": None},
            "gamma": {
                **CONTEXT, "positioning": "SHORT_GAMMA", "ratio": -0.3, "behavior": "TRENDING", "age_minutes": 15.0,
                "resistance": 455.0, "support": 445.0,
            },
            "flow": {
                **CONTEXT, "confidence": 85.0, "missing": ["flow_long"], "short": None, "long": None,
                "medium": {
                    "sentiment": "BULLISH", "strength": 68, "institutional": 64, "recommendation": "CONFIRM_FLOW"
                },
            },
            "regime": {
                **CONTEXT, "is_stale": True, "market_regime": "RANGE_BOUND", "vix": 14.5, "term_label": "NORMAL"
            },
            "alignment": {**CONTEXT, "score": -0.5, "alignment": "MOSTLY_ALIGNED", "votes": {"1d": -1.5}},
        },
        "profile": "default",
        "method_version": "signals-1",
    }  # fmt: skip
    row |= given
    row.setdefault("evaluated_at", row["bar_end"] + AFTER_MS)
    row.setdefault("known_at", row["evaluated_at"] + 10_000)
    return Signal.objects.create(**row)


def add_step(signal: Signal, kind: str, after_ms: int, **given: Any) -> SignalEvent:
    """Store an event of a signal, `after_ms` after the end of its bar."""
    at_ms = signal.bar_end + after_ms
    return SignalEvent.objects.create(
        signal=signal,
        symbol=signal.symbol,
        kind=kind,
        timestamp=at_ms,
        **{"known_at": at_ms + 10_000, **given},
    )
