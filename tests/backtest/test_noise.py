"""Detectors that know nothing: how good the best of them looks. Source of the table in docs/backtests.md."""

from __future__ import annotations

import numpy as np
import pytest

from tests.backtest.test_chance import BARS, REQUEST, firing, session

SESSIONS, DETECTORS, MARKETS = 62, 17, 100


def test_the_best_of_many_looks_good_with_few_outcomes():
    rates = np.array([win_rates(seed, 15) for seed in range(MARKETS)])
    best = rates.max(axis=1)
    assert rates.mean() == pytest.approx(0.4221, abs=1e-4)
    assert np.median(best) == pytest.approx(10 / 15)
    assert np.quantile(best, 0.9) == pytest.approx(11 / 15)
    assert (best >= 0.65).mean() == 0.52


def win_rates(seed: int, outcomes: int) -> np.ndarray:
    """Return the win rate of each detector in one market: it fires at random bars, `outcomes` times."""
    random = np.random.default_rng(seed)
    days = [
        session(number, 500.0 + np.cumsum(random.normal(0, 0.5, BARS)), spread=0.1)
        for number in range(SESSIONS)
    ]
    day = random.integers(SESSIONS, size=DETECTORS * outcomes)
    slot = random.integers(2, BARS - 12, size=len(day))
    won = np.zeros(len(day))
    for number in np.unique(day):
        (rows,) = np.nonzero(day == number)
        firings = [firing(days[number], int(slot[row])) for row in rows]
        won[rows] = days[number].path.outcomes(firings, costs=REQUEST.costs).r > 0
    return won.reshape(DETECTORS, outcomes).mean(axis=1)
