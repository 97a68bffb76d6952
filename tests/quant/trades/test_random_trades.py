"""Random trading is rarely taken for sweeps, and planted sweeps are found in it."""

from __future__ import annotations

import numpy as np
import pytest

from quant.trades.classification import Classification, classify
from quant.trades.trade_rate import trade_rates
from quant.trades.trade_values import Trades
from tests.quant.trades.examples import START

VENUES = np.arange(300, 316)
MINUTES = 60_000


def classified(ms: np.ndarray, exchange: np.ndarray) -> Classification:
    """Classify trades of one contract and 10 contracts each, rated over the minute before each of them."""
    count, one = len(ms), np.zeros(len(ms), dtype=np.int64)
    rates = trade_rates(one, START + ms, np.arange(count), np.ones(count, dtype=bool), MINUTES, START)
    trades = Trades.of(
        contract=one,
        timestamp=START + ms,
        sequence_number=np.arange(count),
        exchange=exchange,
        price=np.full(count, 1.10),
        size=np.full(count, 10.0),
        trade_rate=rates,
    )
    return classify(trades)


def random_trades(per_second: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return times (whole ms) and exchanges of independent trades: a Poisson process over 16 exchanges."""
    numbers = np.random.default_rng(seed)
    times = np.cumsum(numbers.exponential(1000 / per_second, count)).astype(np.int64)
    return times, numbers.choice(VENUES, count)


@pytest.mark.parametrize("per_second", [0.2, 1, 4.8, 5, 5.2, 20, 50])
def test_less_than_one_percent_of_random_trades_are_in_sweeps(per_second):
    found = classified(*random_trades(per_second, 60_000, seed=1))
    assert (found.sweep_first >= 0).mean() < 0.01


# Legs of real sweeps arrive within few ms; of a contract with 50 trades a second only those of one ms are recognised.
@pytest.mark.parametrize(
    ("per_second", "legs", "within_ms"), [(0.2, 2, 12), (1, 2, 2), (5, 3, 0), (20, 3, 0), (50, 4, 0)]
)
def test_planted_sweeps_are_found_among_random_trades(per_second, legs, within_ms):
    times, exchange = random_trades(per_second, 20_000, seed=2)
    numbers = np.random.default_rng(3)
    starts = np.sort(numbers.choice(np.arange(120_000, times[-1]), 100, replace=False))
    planted = (starts[:, None] + np.linspace(0, within_ms, legs, dtype=np.int64)).ravel()
    venues = np.tile(VENUES[:legs], len(starts))
    order = np.argsort(np.append(times, planted), kind="stable")
    found = classified(np.append(times, planted)[order], np.append(exchange, venues)[order])
    is_planted = order >= len(times)
    assert (found.sweep_first[is_planted] >= 0).mean() > 0.95
