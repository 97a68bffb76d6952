"""Words of pages for names of detectors, engines, checks and rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from web import formats

_CAPITALS = {"eod": "EOD", "iv": "IV", "vwap": "VWAP"}
ENGINES = {
    "iv": "IV percentile",
    "gamma": "Gamma",
    "alignment": "Timeframes",
    "regime": "Regime",
    "flow": "Flow, 4 hours",
}
COMPONENTS = ("trend", "momentum", "technical", "volume", "volatility")
CHECKS = {
    "trendConfirmed": "daily and hourly vote agree",
    "momentumConfirmed": "RSI and MACD agree",
    "vwapAligned": "right side of VWAP",
    "emaAligned": "means in order",
    "volumeAboveAvg": "volume above usual",
    "volatilityNormal": "range is usual",
}


def detector_title(name: str) -> str:
    """Return the name of a detector as words: trend_continuation_long is Trend continuation long."""
    words = [_CAPITALS.get(word, word) for word in name.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def missing_words(names: list[str]) -> str:
    """Return what a context misses in words: flow_long, mtf_1w is flow long, mtf 1w."""
    return ", ".join(name.replace("_", " ") for name in names)


def feature_words(values: Mapping[str, Any]) -> str:
    """Return the values of features in words: RSI 31.2, VWAP 450.10. Those that say nothing beyond yes are left out."""
    known = [(_FEATURES[name], value) for name, value in values.items() if name in _FEATURES]
    return ", ".join(f"{words} {text(value)}" for (words, text), value in known)


def _share(value: float) -> str:
    return formats.percent(value, sign=True)


def _count(value: float) -> str:
    return formats.number(value)


def _ratio(value: float) -> str:
    return formats.number(value, 2)


_FEATURES: dict[str, tuple[str, Callable[[Any], str]]] = {
    **{name: (name, formats.price) for name in ("ema9", "ema21", "ema50", "ema200")},
    "atr14": ("ATR", _ratio),
    "rsi14": ("RSI", lambda value: formats.number(value, 1)),
    "rvol": ("relative volume", _ratio),
    "first_rvol_bar": ("relative volume", _ratio),
    "vwap": ("VWAP", formats.price),
    "vwap_distance": ("distance", _share),
    "return_from_close": ("change", _share),
    "prior_high20": ("high", formats.price),
    "prior_low20": ("low", formats.price),
    "day_open": ("open", formats.price),
    "day_high": ("high", formats.price),
    "day_low": ("low", formats.price),
    "open": ("open", formats.price),
    "gamma.positioning": ("gamma is", formats.words),
    "gamma.max_gamma_strike": ("strike", formats.price),
    "gamma.resistance": ("resistance", formats.price),
    "gamma.support": ("support", formats.price),
    "gamma.pin_strike": ("pin", formats.price),
    "gamma.pin_oi": ("open interest", _count),
    "flow.sweeps": ("sweeps", _count),
    "flow.bullish_sweeps": ("bullish", _count),
    "flow.bearish_sweeps": ("bearish", _count),
    "flow.bullish_sweep_premium": ("premium", _count),
    "flow.bearish_sweep_premium": ("premium", _count),
    "flow.sweep_coverage": ("known", lambda value: formats.percent(value, 0)),
    "iv.front_iv": ("with it", lambda value: formats.percent(value, 1)),
    "iv.ex_event_iv": ("without it", lambda value: formats.percent(value, 1)),
}
