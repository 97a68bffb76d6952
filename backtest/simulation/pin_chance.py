"""The chance of a pin without any pinning: a driftless walk with the session's own volatility."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from backtest.simulation.tested import PastSession
from signals.scan.paths import PIN_REACH


def pin_chance(tested: PastSession, slot: int, strike: float) -> float:
    """Return the chance that a session closes within the reach of a strike, from the close of the bar `slot`.

    The volatility is that of the 15-minute returns from the open of the session to that bar; NaN with fewer than ten.
    """
    closes = tested.path.bars.close[: slot + 1]
    prices = np.concatenate([tested.path.bars.open[:1], closes])
    returns = np.diff(np.log(prices))
    returns = returns[~np.isnan(returns)]
    left = len(tested.path.bars) - 1 - slot
    if len(returns) < 10 or left < 1:
        return float("nan")
    deviation = np.sqrt(np.mean(returns**2) * left)
    limits = np.log(strike * np.array([1 - PIN_REACH, 1 + PIN_REACH]) / closes[-1])
    return float(np.diff(norm.cdf(limits / deviation))[0]) if deviation > 0 else float("nan")
