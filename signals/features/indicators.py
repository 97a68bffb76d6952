"""Indicators of the bars of a history, each from the number of bars on that makes it independent of the anchor."""

from __future__ import annotations

import numpy as np

from quant.chain import Floats
from quant.market import indicator_columns as columns
from quant.market.session_bars import SessionBars
from warehouse.asof.rows import Texts

MOST_MISSING = 16  # bars between the anchor and a bar
# Bars from the anchor on that a value needs. Source: the differences of short pasts, `test_indicator_columns`.
WARM_UP = {
    "ema9": 100, "ema20": 150, "ema21": 150, "ema50": 300, "ema200": 780, "rsi14": 200, "atr14": 200, "adx14": 200,
    "macd_hist": 200, "prior_high20": 21, "prior_low20": 21, "atr_percentile": 720,
}  # fmt: skip
ATR_WINDOW = 520
SMALLEST_RANGE = 0.0002  # of the price; a smaller true range says nothing


def indicators(bars: SessionBars) -> tuple[dict[str, Floats], dict[str, Texts]]:
    """Return the indicators named in `WARM_UP`, each of shape (n,), and why they are missing.

    A value is missing before its warm-up, and where more than 16 bars from the anchor to the bar are not stored.
    """
    found = values_of(bars.high, bars.low, bars.close)
    early = {name: too_early(bars, needed) for name, needed in WARM_UP.items()}
    values = {name: np.where(early[name], np.nan, found[name]) for name in WARM_UP}
    return values, {name: np.where(early[name], "warm-up", "") for name in WARM_UP}


def values_of(high: Floats, low: Floats, close: Floats) -> dict[str, Floats]:
    """Return the indicators named in `WARM_UP` from prices alone, each of shape (n,), also before their warm-up."""
    ranges = columns.average_true_range(high, low, close)
    found = {f"ema{period}": columns.exponential_mean(close, period) for period in (9, 20, 21, 50, 200)}
    return found | {
        "rsi14": columns.relative_strength(close),
        "atr14": np.where(ranges < SMALLEST_RANGE * close, np.nan, ranges),
        "adx14": columns.directional_index(high, low, close),
        "macd_hist": columns.macd_histogram(close)[2],
        "prior_high20": columns.highest_before(high, 20),
        "prior_low20": -columns.highest_before(-low, 20),
        "atr_percentile": columns.share_below(ranges / close, ATR_WINDOW),
    }


def too_early(bars: SessionBars, needed: int) -> np.ndarray:
    """Return where fewer than `needed` bars exist up to a bar, or more than 16 of them are not stored; shape (n,)."""
    stored = np.arange(1, len(bars) + 1)
    before = np.concatenate([[0], np.cumsum(bars.slots)[:-1]])
    listed = before[bars.session] + bars.slot + 1
    return np.asarray((stored < needed) | (listed - stored > MOST_MISSING))
