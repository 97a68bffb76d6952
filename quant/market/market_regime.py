"""Market regime of a session: one of ten classes by ordered rules, with a confidence.

It is known only after the close. Unknown inputs are NaN; a rule that needs one does not apply, and each missing group
of inputs is listed and lowers the confidence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from quant.market import indicators
from quant.thresholds import (
    BREADTH_BY_ADVANCERS,
    BREADTH_BY_MEAN,
    BREADTH_REGIMES,
    CORRELATION_REGIME,
    PUT_CALL_REGIME,
    REGIME_RULES,
    VIX_HYSTERESIS,
    VIX_REGIME,
)

METHOD_VERSION = "regime-2"

MARKET_REGIMES = (
    "CAPITULATION",
    "EUPHORIA",
    "BREAKDOWN",
    "BREAKOUT",
    "STRONG_UPTREND",
    "STRONG_DOWNTREND",
    "WEAK_UPTREND",
    "WEAK_DOWNTREND",
    "RANGE_BOUND",
    "CHOPPY",
)
_DIRECTION = dict(zip(MARKET_REGIMES, (-1, 1, -1, 1, 1, -1, 1, -1, 0, 0), strict=True))
_QUIET = ("RANGE_BOUND", "CHOPPY", "WEAK_UPTREND", "WEAK_DOWNTREND")
_UNKNOWN = float("nan")


@dataclass(frozen=True, slots=True)
class IndexBars:
    """Measures of the daily bars of an index on the last session; build it with `from_bars`."""

    close: float = _UNKNOWN
    sma20: float = _UNKNOWN
    sma50: float = _UNKNOWN
    sma50_before: float = _UNKNOWN  # five sessions earlier, for its slope
    sma200: float = _UNKNOWN
    adx: float = _UNKNOWN
    chop: float = _UNKNOWN
    atr: float = _UNKNOWN
    rsi: float = _UNKNOWN
    prior_high: float = _UNKNOWN  # highest high of the 20 sessions before the last
    prior_low: float = _UNKNOWN
    range20: float = _UNKNOWN  # highest high less lowest low of the last 20 sessions
    return1: float = _UNKNOWN  # fraction
    return20: float = _UNKNOWN
    volume_ratio: float = _UNKNOWN  # the last volume over the mean of the 20 before it

    @classmethod
    def from_bars(cls, high: ArrayLike, low: ArrayLike, close: ArrayLike, volume: ArrayLike) -> IndexBars:
        """Compute the measures of daily bars, shape (n,), oldest first; NaN where bars are missing."""
        highs, lows, closes, volumes = (
            np.asarray(column, np.float64) for column in (high, low, close, volume)
        )
        if not len(closes):
            return cls()
        enough = len(closes) > 20
        usual = indicators.simple_mean(volumes[:-1], 20)
        return cls(
            close=float(closes[-1]),
            sma20=indicators.simple_mean(closes, 20),
            sma50=indicators.simple_mean(closes, 50),
            sma50_before=indicators.simple_mean(closes[:-5], 50),
            sma200=indicators.simple_mean(closes, 200),
            adx=indicators.directional_index(highs, lows, closes),
            chop=indicators.choppiness(highs, lows, closes),
            atr=indicators.average_true_range(highs, lows, closes),
            rsi=indicators.relative_strength(closes),
            prior_high=float(highs[-21:-1].max()) if enough else _UNKNOWN,
            prior_low=float(lows[-21:-1].min()) if enough else _UNKNOWN,
            range20=float(highs[-20:].max() - lows[-20:].min()) if enough else _UNKNOWN,
            return1=float(closes[-1] / closes[-2] - 1.0) if len(closes) > 1 else _UNKNOWN,
            return20=float(closes[-1] / closes[-21] - 1.0) if enough else _UNKNOWN,
            volume_ratio=float(volumes[-1] / usual) if usual > 0 else _UNKNOWN,
        )


@dataclass(frozen=True, slots=True)
class MarketInputs:
    """Inputs of one session, NaN or None when unknown."""

    bars: IndexBars = IndexBars()
    vix: float = _UNKNOWN
    vix_5_sessions_ago: float = _UNKNOWN
    previous_vix_regime: str | None = None
    previous_market_regime: str | None = None
    advancers: float = _UNKNOWN  # number of stocks
    decliners: float = _UNKNOWN
    pct_above_50d: float = _UNKNOWN  # 0 to 100
    new_highs: float = _UNKNOWN  # 52-week
    new_lows: float = _UNKNOWN
    put_call_percentile: float = _UNKNOWN  # 0 to 1, of the put/call ratios among earlier sessions
    correlations: tuple[float, ...] = ()  # 20-day, of the index with its peers


@dataclass(frozen=True, slots=True)
class MarketRegime:
    """Regimes of one session; None without the necessary inputs."""

    market_regime: str | None
    confidence: float  # 0 to 100
    vix_regime: str | None
    breadth_regime: str | None
    put_call_regime: str | None
    correlation_regime: str | None
    missing: tuple[str, ...]  # of bars, vix, breadth, put_call, correlation
    method_version: str = METHOD_VERSION


def vix_regime(level: float, previous: str | None = None) -> str | None:
    """Return the class of a VIX level; a `previous` class is kept until the level is half a point outside it."""
    return VIX_REGIME.label_from(level, previous, VIX_HYSTERESIS)


def breadth_regime(
    advancers: float = _UNKNOWN,
    decliners: float = _UNKNOWN,
    pct_above_50d: float = _UNKNOWN,
    new_highs: float = _UNKNOWN,
    new_lows: float = _UNKNOWN,
) -> str | None:
    """Return the class of breadth from the mean of the known votes, or None without any.

    Advancers over decliners and the share above the 50-day mean vote -2 to +2; a mean halfway between two
    classes gives the less extreme one. More than three advancers per decliner count as extreme only when
    new highs, if known, are more than twice the new lows.
    """
    votes = []
    ratio = advancers / decliners if decliners > 0 else math.inf if advancers > 0 else _UNKNOWN
    code = int(BREADTH_BY_ADVANCERS.codes(ratio if decliners >= 0 else _UNKNOWN))
    if code >= 0:
        votes.append(min(code, 3) if new_highs <= 2 * new_lows else code)
    code = int(BREADTH_BY_MEAN.codes(pct_above_50d))
    if code >= 0:
        votes.append(code)
    if not votes:
        return None
    score = sum(votes) / len(votes) - 2.0
    calmer = math.copysign(math.ceil(abs(score) - 0.5), score)
    return BREADTH_REGIMES[int(calmer) + 2]


def correlation_regime(correlations: tuple[float, ...]) -> str | None:
    """Return the class of the mean of the known correlations."""
    known = [value for value in correlations if not math.isnan(value)]
    return CORRELATION_REGIME.label(sum(known) / len(known)) if known else None


def market_regime(inputs: MarketInputs) -> MarketRegime:
    """Classify a session. The regime is None when there are too few bars for a 50-session mean.

    The first rule that applies determines the regime. Confidence is 40 + 60 * (agreeing votes / votes), less
    10 for each missing group of inputs, within 0 to 100.
    """
    vix = vix_regime(inputs.vix, inputs.previous_vix_regime)
    breadth = breadth_regime(
        inputs.advancers, inputs.decliners, inputs.pct_above_50d, inputs.new_highs, inputs.new_lows
    )
    put_call = PUT_CALL_REGIME.label(inputs.put_call_percentile)
    correlated = correlation_regime(inputs.correlations)
    unreadable = math.isnan(inputs.bars.close - inputs.bars.sma50)
    groups = {
        "bars": unreadable,
        "vix": vix is None,
        "breadth": breadth is None,
        "put_call": put_call is None,
        "correlation": correlated is None,
    }
    missing = tuple(name for name, absent in groups.items() if absent)
    regime = None if unreadable else _first_rule(inputs, breadth, put_call)
    confidence = 0.0 if regime is None else _confidence(regime, inputs, breadth, put_call, len(missing))
    return MarketRegime(regime, confidence, vix, breadth, put_call, correlated, missing)


def _first_rule(inputs: MarketInputs, breadth: str | None, put_call: str | None) -> str:
    """Return the first rule that applies; comparisons with NaN are false, so unknown inputs satisfy none."""
    bars = inputs.bars
    return (
        _extreme(inputs, breadth, put_call)
        or _range_break(bars, inputs.previous_market_regime)
        or _trend(bars, inputs.vix, breadth)
        or _sideways(bars)
    )


def _extreme(inputs: MarketInputs, breadth: str | None, put_call: str | None) -> str | None:
    bars, vix = inputs.bars, inputs.vix
    rules = REGIME_RULES
    spiked = vix >= rules.spike_vix and vix >= (1.0 + rules.spike_rise) * inputs.vix_5_sessions_ago
    sold_off = bars.return1 <= rules.capitulation_move or put_call == "EXTREME_FEAR"
    if (vix >= rules.capitulation_vix or spiked) and breadth == "EXTREMELY_BEARISH" and sold_off:
        return "CAPITULATION"
    carefree = breadth == "EXTREMELY_BULLISH" or put_call == "EXTREME_GREED"
    reach = bars.sma20 + rules.euphoria_stretch * bars.atr
    stretched = bars.rsi > rules.euphoria_rsi and bars.close > reach
    return "EUPHORIA" if vix < rules.euphoria_vix and carefree and stretched else None


def _range_break(bars: IndexBars, previous: str | None) -> str | None:
    """Return whether the index leaves its 20-session range with move and volume, from a regime without direction."""
    moved = abs(bars.return1) >= REGIME_RULES.break_move and bars.volume_ratio >= REGIME_RULES.break_volume
    if previous not in _QUIET or not moved:
        return None
    if bars.close < bars.prior_low:
        return "BREAKDOWN"
    return "BREAKOUT" if bars.close > bars.prior_high else None


def _trend(bars: IndexBars, vix: float, breadth: str | None) -> str | None:
    rising, falling = bars.sma50 > bars.sma50_before, bars.sma50 < bars.sma50_before
    up, down = bars.close > bars.sma50 and rising, bars.close < bars.sma50 and falling
    wide = breadth in ("BULLISH", "EXTREMELY_BULLISH") or vix < REGIME_RULES.calm_vix
    narrow = breadth in ("BEARISH", "EXTREMELY_BEARISH") or vix >= REGIME_RULES.calm_vix
    strong, directed = bars.adx >= REGIME_RULES.strong_adx, bars.adx >= REGIME_RULES.trend_adx
    if strong and up and bars.sma50 > bars.sma200 and wide:
        return "STRONG_UPTREND"
    if strong and down and bars.sma50 < bars.sma200 and narrow:
        return "STRONG_DOWNTREND"
    if directed and up:
        return "WEAK_UPTREND"
    return "WEAK_DOWNTREND" if directed and down else None


def _sideways(bars: IndexBars) -> str:
    narrow = bars.range20 < REGIME_RULES.narrow_range * bars.atr
    still = bars.chop > REGIME_RULES.sideways_chop or narrow
    return "RANGE_BOUND" if bars.adx < REGIME_RULES.trend_adx and still else "CHOPPY"


def _confidence(
    regime: str, inputs: MarketInputs, breadth: str | None, put_call: str | None, missing: int
) -> float:
    """Return the confidence from the votes of index, month, VIX, breadth and put/call for the direction."""
    bars = inputs.bars
    votes = [
        _sign(bars.close - bars.sma50, 0.5 * bars.atr),
        _sign(bars.return20, 0.02),
        _sign(18.0 - inputs.vix, 2.0),
        None if breadth is None else _sign(BREADTH_REGIMES.index(breadth) - 2.0, 0.5),
        None if put_call is None else _sign(2.0 - PUT_CALL_REGIME.labels.index(put_call), 0.5),
    ]
    known = [vote for vote in votes if vote is not None]
    share = sum(vote == _DIRECTION[regime] for vote in known) / len(known) if known else 0.0
    return float(min(max(40.0 + 60.0 * share - 10.0 * missing, 0.0), 100.0))


def _sign(value: float, quiet: float) -> int | None:
    """Return the sign of a value, 0 within `quiet` of zero, None when either is unknown."""
    if math.isnan(value - quiet):
        return None
    return 0 if abs(value) <= quiet else 1 if value > 0 else -1
