"""Random bars of 62 sessions of 8 symbols, a signal of each of 17 detectors in each session, and their outcomes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quant.market.outcome_kinds import Costs
from quant.market.outcomes import Outcomes, Setups, outcomes
from quant.market.paths import PathBars

SESSIONS, BARS, MINUTES, SYMBOLS, DETECTORS = 62, 26, 15, 8, 17
ROWS = SESSIONS * BARS  # of a symbol
RISK = 3.0
SEED = 20261130


@dataclass(frozen=True, slots=True)
class Market:
    """Bars of 15 minutes without their minutes, the symbols one after another, and signals with stop and target.

    `column` numbers the detectors of all symbols: the trades of one do not overlap.
    """

    bars: PathBars
    setups: Setups
    column: NDArray[np.int64]


def market() -> Market:
    """Return bars of random minutes, with gaps before some bars, and signals at random bars of random side."""
    random = np.random.default_rng(SEED)
    count = SYMBOLS * ROWS
    step = random.normal(0, 0.4, (count, MINUTES))
    step[:, 0] += random.normal(0, 3.0, count) * (random.random(count) < 0.05)
    price = 500 + np.cumsum(step.reshape(SYMBOLS, -1), axis=1).reshape(count, MINUTES)
    none, minutes = np.zeros(count, dtype=bool), np.empty((count, 0))
    bars = PathBars(
        open=price[:, 0],
        high=(price + random.random(price.shape) * 0.2).max(axis=1),
        low=(price - random.random(price.shape) * 0.2).min(axis=1),
        close=price[:, -1],
        missing=none,
        empty=none,
        last=(np.arange(count) // BARS + 1) * BARS - 1,
        minute_open=minutes,
        minute_high=minutes,
        minute_low=minutes,
        complete=none,
    )
    session = np.repeat(np.arange(SYMBOLS * SESSIONS), DETECTORS)
    detector = np.tile(np.arange(DETECTORS), SYMBOLS * SESSIONS)
    row = session * BARS + random.integers(0, BARS - 2, len(session))
    side = random.choice([1.0, -1.0], len(row))
    reference = bars.close[row]
    setups = Setups(
        bar=row,
        side=side,
        reference=reference,
        stop=reference - side * RISK,
        targets=reference[:, None] + side[:, None] * RISK * np.array([1.5, 2.0, 3.0]),
        wall=np.full(len(row), np.nan),
        needs_minutes=np.zeros(len(row), dtype=bool),
    )
    return Market(bars, setups, session // SESSIONS * DETECTORS + detector)


def own_outcomes(data: Market, commission: float) -> Outcomes:
    """Return the outcomes of all signals, without slippage."""
    return outcomes(data.bars, data.setups, costs=Costs(slippage=0.0, commission=commission))
