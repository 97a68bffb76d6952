"""Synthetic candidates of the optimiser, of detectors with and without an advantage."""

from __future__ import annotations

import numpy as np

from backtest.optimiser.candidates import Candidates
from tests.backtest.outcome_rows import sessions

DAY = 1000  # units of time in a session


def candidates(
    seed=0, count=1500, days=90, shares=(0.4,) * 17, chance=0.4, variants=1, reward=1.5, often=None
):
    """Return firings of detectors that win `shares` of them, against random entries that win `chance`.

    `often` is the share of the firings that are each detector's. A win pays `reward` times the risk. Base scores say
    nothing about the outcome.
    """
    generator = np.random.default_rng(seed)
    fires_at = np.sort(generator.integers(0, days * DAY, count))
    detector = generator.choice(len(shares), count, p=often)
    won = generator.random((variants, count)) < np.array(shares)[detector]
    held = generator.integers(1, 50, count)
    every = np.ones((variants, count))
    return Candidates(
        detectors=tuple(f"detector {number}" for number in range(len(shares))),
        detector=detector,
        session=sessions(days)[fires_at // DAY],
        base=generator.uniform(50, 95, count),
        deltas=generator.choice([-5.0, 0.0, 5.0, 10.0], (4, count)),
        factor=generator.choice([0.9, 1.0, 1.1], count),
        components=generator.uniform(20, 95, (5, count)),
        followed=np.zeros(count),
        is_daily=np.zeros(count, dtype=bool),
        blocked=np.zeros(count, dtype=bool),
        key=np.arange(count),
        fires_at=fires_at,
        entered=fires_at + 1,
        exited=fires_at + held,
        free_at=np.tile(fires_at + held, (variants, 1)),
        r=np.where(won, reward, -1.0),
        reward=every * reward,
        chance_r=every * (chance * (1 + reward) - 1),
        chance_deviation=every * (1 + reward) * np.sqrt(chance * (1 - chance)),
        chance_win_rate=every * chance,
    )
