"""Cut-offs of all enumerations: one frozen table per enumeration and profile.

A value equal to a cut belongs to the class above it. Where the documents say "more than", the cut is `above` it, so
that the value itself belongs to the class below.
Profile "default" is common usage, "documented" the wording of the project's documents. A table without a
"documented" variant is the same in both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Profile = Literal["default", "documented"]


@dataclass(frozen=True, slots=True)
class CutTable:
    """Ascending cuts and the labels between them: `labels[i]` holds cuts[i-1] <= x < cuts[i]."""

    name: str
    labels: tuple[str, ...]
    cuts: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.cuts) + 1:
            raise ValueError(f"{self.name}: {len(self.cuts)} cuts need {len(self.cuts) + 1} labels")
        if list(self.cuts) != sorted(set(self.cuts)):
            raise ValueError(f"{self.name}: the cuts must ascend")

    def codes(self, values: ArrayLike) -> NDArray[np.int8]:
        """Return the class index of each value, -1 for NaN; any shape."""
        array = np.asarray(values, dtype=np.float64)
        codes = np.searchsorted(np.asarray(self.cuts), array, side="right").astype(np.int8)
        return np.where(np.isnan(array), np.int8(-1), codes)

    def texts(self, values: ArrayLike) -> NDArray[np.str_]:
        """Return the label of each value, '' for NaN; any shape."""
        return np.array([*self.labels, ""])[self.codes(values)]

    def label(self, value: float | None) -> str | None:
        """Return the label of one value, None when it is None or NaN."""
        if value is None or np.isnan(value):
            return None
        return self.labels[int(self.codes(value))]

    def label_from(self, value: float | None, previous: str | None, margin: float) -> str | None:
        """Return the label of one value, keeping `previous` until the value leaves it by `margin`.

        So a value that moves around a cut does not change its label every day.
        """
        if value is None or np.isnan(value) or previous not in self.labels:
            return self.label(value)
        bounds = (-math.inf, *self.cuts, math.inf)
        index = self.labels.index(previous)
        stays = bounds[index] - margin <= value < bounds[index + 1] + margin
        return previous if stays else self.label(value)


def above(value: float) -> float:
    """Return the cut that puts `value` itself below: for rules that say "more than"."""
    return math.nextafter(value, math.inf)


def apply(table: CutTable, values: ArrayLike) -> NDArray[Any]:
    """Return the labels of `values` as an object array of the same shape, None where a value is NaN."""
    return np.array([*table.labels, None], dtype=object)[table.codes(values)]


# Implied volatility: regime and recommendation use the percentile, trend the change of the 5-session
# mean against the 20-session mean, skew the 25-delta put less call in volatility points.
IV_REGIMES = ("EXTREMELY_LOW", "LOW", "NORMAL", "ELEVATED", "HIGH", "EXTREMELY_HIGH")
IV_REGIME: dict[Profile, CutTable] = {
    "default": CutTable("iv_regime", IV_REGIMES, (0.10, 0.30, 0.50, 0.60, 0.90)),
    "documented": CutTable("iv_regime", IV_REGIMES, (0.10, 0.30, 0.60, 0.80, 0.95)),
}
IV_TREND = CutTable("iv_trend", ("CONTRACTING", "STABLE", "EXPANDING"), (-0.05, above(0.05)))
IV_RECOMMENDATION: dict[Profile, CutTable] = {
    "default": CutTable("recommendation", ("BUY_PREMIUM", "NEUTRAL", "SELL_PREMIUM"), (0.30, 0.50)),
    "documented": CutTable("recommendation", ("BUY_PREMIUM", "SELL_PREMIUM"), (0.30,)),
}
SKEW_STATE = CutTable(
    "skew_state", ("INVERTED", "FLAT", "NORMAL", "STEEP", "EXTREME"), (above(0.0), 2.0, 6.0, above(10.0))
)
IV_MINIMUM_POINTS = 20
IV_PROVISIONAL_BELOW = 200
RAMP_EXPANSION_PCT = 30.0
RAMP_MINIMUM_POINTS = 15
RAMP_KINK_POINTS = 5.0
# After an event the volatility of the first expiration of a large company usually falls by 30 to 50 %.
CRUSH_DROP_PCT = 20.0
# A variance index whose strips miss more than this part of it is marked as truncated.
VARIANCE_TRUNCATED_ABOVE = 0.02

# Term structure: (back - front) / front in per cent, of volatility futures or of VIX3M over VIX.
TERM_REGIME = CutTable("term_regime", ("FEAR", "NORMAL", "COMPLACENCY"), (-10.0, above(20.0)))
TERM_STRUCTURE = CutTable(
    "term_structure",
    ("STEEP_BACKWARDATION", "BACKWARDATION", "FLAT", "CONTANGO", "STEEP_CONTANGO"),
    (-10.0, -2.0, 2.0, above(20.0)),
)

# Market regime. VIX in index points; advancers over decliners; per cent of stocks above their 50-day
# mean; percentile of put over call volume among earlier sessions; correlation of daily log returns.
VIX_REGIME = CutTable(
    "vix_regime",
    ("EXTREMELY_LOW", "LOW", "NORMAL", "ELEVATED", "HIGH", "EXTREME"),
    (12.0, 16.0, 20.0, 30.0, 40.0),
)
VIX_HYSTERESIS = 0.5
BREADTH_REGIMES = ("EXTREMELY_BEARISH", "BEARISH", "NEUTRAL", "BULLISH", "EXTREMELY_BULLISH")
BREADTH_BY_ADVANCERS = CutTable("breadth_regime", BREADTH_REGIMES, (0.33, 0.67, 1.5, above(3.0)))
BREADTH_BY_MEAN = CutTable("breadth_regime", BREADTH_REGIMES, (20.0, 40.0, 60.0, above(80.0)))
PUT_CALL_REGIME = CutTable(
    "put_call_regime", ("EXTREME_GREED", "GREED", "NEUTRAL", "FEAR", "EXTREME_FEAR"), (0.10, 0.30, 0.70, 0.90)
)
PUT_CALL_MINIMUM_SESSIONS = 60
CORRELATION_REGIME = CutTable(
    "correlation_regime", ("DIVERGING", "LOW", "NORMAL", "HIGH", "EXTREMELY_HIGH"), (0.3, 0.5, 0.8, 0.95)
)


@dataclass(frozen=True, slots=True)
class RegimeRules:
    """Limits in the rules of the market regime; moves are fractions, distances are in average true ranges."""

    capitulation_vix: float = 40.0
    spike_vix: float = 30.0  # with a rise of `spike_rise` over five sessions
    spike_rise: float = 0.40
    capitulation_move: float = -0.02
    euphoria_vix: float = 13.0
    euphoria_rsi: float = 70.0
    euphoria_stretch: float = 2.0  # above the 20-day mean
    break_move: float = 0.01
    break_volume: float = 1.2
    calm_vix: float = 20.0
    trend_adx: float = 20.0
    strong_adx: float = 25.0
    sideways_chop: float = 61.8
    narrow_range: float = 4.0  # of 20 sessions


REGIME_RULES = RegimeRules()
# Put/call ratio of a window of live trades, with narrower limits than the daily regime.
FLOW_BIAS = CutTable("flow_bias", ("BULLISH", "NEUTRAL", "BEARISH"), (0.90, above(1.11)))

# Dealer gamma. Both use |net / gross|, so that SPX and a small stock have the same scale.
POSITIONING_NEUTRAL_BELOW = 0.10
POSITIONING_STRENGTH = CutTable(
    "positioning_strength", ("WEAK", "MODERATE", "STRONG", "EXTREME"), (0.25, 0.50, 0.75)
)
# Expected behavior: distances as a fraction of spot, gross as a fraction of its 20-session median.
VOLATILE_VIX = 20.0
PINNING_DISTANCE = 0.005
PINNING_DISTANCE_NEAR_EXPIRY = 0.01
PINNING_NEAR_EXPIRY_SHARE = 0.40
THIN_GROSS = 0.50
# Calendar days to expiration, in the sums by expiration.
EXPIRATION_BUCKET = CutTable("bucket", ("ZERO_DTE", "WEEK", "MONTH", "REST"), (1.0, 8.0, 31.0))
# Between the close before and the open, as a fraction; a larger one without a split is unexplained.
LARGEST_JUMP = 0.40
# Walls and flips are searched within this fraction of spot.
LEVEL_BAND = 0.20


@dataclass(frozen=True, slots=True)
class TradeRules:
    """Limits of large trades, blocks, sweeps and aggressive trades; sizes in contracts, times in ms."""

    block_size: float = 500.0
    block_multiple: float = 5.0  # of the running average size
    large_multiple: float = 2.0
    average_size: float = 100.0  # used when the running average is unknown
    aggressive_spread: float = 0.10  # distance outside the quote, as a fraction of the spread
    minimum_trades: int = (
        200  # of an underlying, from which on the mean and the percentile of its sizes are used
    )
    cluster_window_ms: int = 500  # longest, from the first trade of a cluster, not from the previous one
    cluster_chance: float = 0.005  # random trades of the contract's rate that a window contains on average
    rate_period_ms: int = 60_000  # over which the rate of a contract's trades is measured
    cluster_size: float = 10.0  # contracts of a cluster together
    quote_age_ms: float = 5_000.0  # older quotes are ignored
    unusual_size: float = 100.0  # of a trade in a contract whose day's volume exceeds its open interest
    # "documented" follows document 4 literally: words as conditions, sides only strictly outside the quote, no
    # clusters, no SPLIT, quotes of any age.
    literal: bool = False


TRADE_RULES: dict[Profile, TradeRules] = {
    "default": TradeRules(),
    "documented": TradeRules(literal=True),
}
