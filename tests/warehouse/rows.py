"""Rows for tests: required columns have defaults, which keyword arguments override."""

from __future__ import annotations

from typing import Any

from warehouse import clock, partitions
from warehouse.models import (
    CorporateAction,
    ExpirationCurve,
    GammaExposure,
    HistoricalBar,
    HistoricalGreeks,
    IvPercentile,
    MarketEvent,
    MarketRegimeDay,
    OptionsFlow,
    Signal,
    SurfacePoint,
    TermDay,
)

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def ago(milliseconds: int) -> int:
    return clock.now_ms() - milliseconds


def add_greeks(timestamp: int, ticker: str = "O:SPX251219C06475000", **columns: Any) -> HistoricalGreeks:
    partitions.ensure("historical_greeks", timestamp, timestamp)
    defaults: dict[str, Any] = {
        "symbol": "SPX",
        "option_type": "call",
        "strike": 6475,
        "expiration": "2025-12-19",
        "dte": 25,
        "iv_status": "ok",
        "source": "live",
        "fetched_at": timestamp,
        "method_version": "test",
    }
    return HistoricalGreeks.objects.create(
        timestamp=timestamp, contract_ticker=ticker, **{**defaults, **columns}
    )


def add_curve(timestamp: int, **columns: Any) -> ExpirationCurve:
    defaults: dict[str, Any] = {
        "symbol": "SPX",
        "root": "SPXW",
        "expiration": "2025-12-19",
        "exercise_style": "european",
        "forward": 6480.0,
        "rate": 0.05,
        "rate_source": "own",
        "dividends": 0.0,
        "quotes_used": 100,
        "quality": "parity",
        "method_version": "test",
    }
    return ExpirationCurve.objects.create(timestamp=timestamp, **{**defaults, **columns})


def add_trade(timestamp: int, sequence_number: int = 1, **columns: Any) -> OptionsFlow:
    partitions.ensure("options_flow_history", timestamp, timestamp)
    defaults: dict[str, Any] = {
        "symbol": "SPX",
        "contract_ticker": "O:SPX251219C06475000",
        "price": 45.5,
        "size": 250,
        "premium": 1_137_500,
        "trade_type": "BLOCK",
        "sentiment": "BULLISH",
        "aggressiveness": "AGGRESSIVE",
        "strike": 6475,
        "expiration": "2025-12-19",
        "option_type": "call",
        "dte": 25,
        "source": "live",
        "received_at": timestamp,
        "method_version": "test",
    }
    return OptionsFlow.objects.create(
        timestamp=timestamp, sequence_number=sequence_number, **{**defaults, **columns}
    )


def add_signal(symbol: str = "SPY", bar_end: int = 1_795_000_500_000, **columns: Any) -> Signal:
    defaults: dict[str, Any] = {
        "timeframe": "15m",
        "detector": "breakout_bullish",
        "direction": "LONG",
        "evaluated_at": bar_end + 40_000,
        "disposition": "ACTIVE",
        "family": "breakout",
        "outcome_kind": "session",
        "reference_price": 100.0,
        "stop": 99.0,
        "targets": [101.5, 102.0, 103.0],
        **dict.fromkeys(("base_score", "final_score", "scalp_score", "day_score", "swing_score"), 80.0),
        "style": "day",
        "factors": [],
        **{name: {} for name in ("terms", "components", "contexts")},
        "profile": "default",
        "method_version": "test",
    }
    return Signal.objects.create(symbol=symbol, bar_end=bar_end, **{**defaults, **columns})


def add_gamma(timestamp: int, symbol: str = "SPX", **columns: Any) -> GammaExposure:
    defaults = {"oi_source": "provider", "method_version": "test"}
    return GammaExposure.objects.create(symbol=symbol, timestamp=timestamp, **{**defaults, **columns})


def add_iv(date: Any, symbol: str = "SPX", **columns: Any) -> IvPercentile:
    return IvPercentile.objects.create(
        symbol=symbol, date=date, **{"data_points": 252, "method_version": "test", **columns}
    )


def add_regime(date: Any, **columns: Any) -> MarketRegimeDay:
    return MarketRegimeDay.objects.create(date=date, method_version="test", **columns)


def add_bar(timestamp: int, **columns: Any) -> HistoricalBar:
    partitions.ensure("historical_bars", timestamp, timestamp)
    defaults = {"symbol": "SPY", "timeframe": "1m", "open": 1, "high": 1, "low": 1, "close": 1}
    return HistoricalBar.objects.create(timestamp=timestamp, **(defaults | columns))


def add_action(ex_date: Any, symbol: str = "AAPL", **columns: Any) -> CorporateAction:
    defaults = {"kind": "cash_dividend", "source": "live", "fetched_at": 1}
    if columns.get("kind", "cash_dividend") == "cash_dividend":
        defaults |= {"cash_amount": 0.25, "dividend_type": "CD"}
    return CorporateAction.objects.create(symbol=symbol, ex_date=ex_date, **(defaults | columns))


def add_surface_point(date: Any, symbol: str = "SPX", **columns: Any) -> SurfacePoint:
    defaults = {"tenor_days": 30, "delta": "50", "iv": 0.15, "n_quotes": 120, "method_version": "test"}
    return SurfacePoint.objects.create(symbol=symbol, date=date, **{**defaults, **columns})


def add_term(date: Any, symbol: str = "SPX", **columns: Any) -> TermDay:
    defaults: dict[str, Any] = {
        "tenor_days": [30, 60],
        "at_the_money": [0.15, None],
        "reason": ["", "after_last_expiration"],
        "forward_variance": [0.0225, None],
        "forward_volatility": [0.15, None],
        "ex_event": [0.15, None],
        "ex_event_reason": ["", "after_last_expiration"],
        "settlements": 2,
        "refused": 0,
        "butterflies": 0,
        "calendars": 0,
        "method_version": "test",
    }
    return TermDay.objects.create(symbol=symbol, date=date, **{**defaults, **columns})


def add_event(date: Any, symbol: str = "SPX", **columns: Any) -> MarketEvent:
    defaults = {"kind": "EARNINGS", "timing": "AFTER_CLOSE", "certainty": "CONFIRMED", "source": "live"}
    return MarketEvent.objects.create(symbol=symbol, date=date, **{**defaults, **columns})
