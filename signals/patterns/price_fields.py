"""Fields of prices, indicators and volume."""

from __future__ import annotations

from signals.patterns.field import Field, feature

_PRICE = "dollars or index points"


def _prices(**meanings: str) -> tuple[Field, ...]:
    return tuple(feature(name, _PRICE, meaning, low=0.0) for name, meaning in meanings.items())


FIELDS: tuple[Field, ...] = (
    *_prices(
        open="open of the bar",
        high="high of the bar",
        low="low of the bar",
        close="close of the bar",
        ema9="exponential mean of 9 closes",
        ema20="exponential mean of 20 closes",
        ema21="exponential mean of 21 closes",
        ema50="exponential mean of 50 closes",
        ema200="exponential mean of 200 closes",
        vwap="volume-weighted mean price of the session",
        prior_high20="highest high of the 20 bars before",
        prior_low20="lowest low of the 20 bars before",
        day_open="open of the session",
        day_high="high of the session so far",
        day_low="low of the session so far",
        prior_close="close of the session before",
        atr14="average true range of 14 bars",
        atr_day14="average true range of 14 finished sessions",
    ),
    feature("volume", "shares", "volume of the bar", low=0.0),
    feature("rsi14", "points", "relative strength index of 14 bars", low=0.0, high=100.0),
    feature("adx14", "points", "average directional index of 14 bars", low=0.0, high=100.0),
    feature("macd_hist", _PRICE, "histogram of MACD 12, 26, 9"),
    feature("vwap_distance", "fraction", "close over VWAP, less 1", low=-1.0, high=1.0),
    feature("rvol", "ratio", "volume of the session so far over its usual value", low=0.0),
    feature("rvol_bar", "ratio", "volume of the bar over its usual value", low=0.0),
    feature("close_location", "fraction", "place of the close between low and high", low=0.0, high=1.0),
    feature("return_from_close", "fraction", "close over the close of the session before, less 1", low=-1.0),
    feature(
        "atr_percentile", "fraction", "share of 520 bars with a smaller range per price", low=0.0, high=1.0
    ),
    feature("minutes_open", "minutes", "from the open of the session to the end of the bar", low=0.0),
    feature("minutes_left", "minutes", "from the end of the bar to the close of the session", low=0.0),
)
