"""Words of pages for names of detectors, engines, checks and rules."""

from __future__ import annotations

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
