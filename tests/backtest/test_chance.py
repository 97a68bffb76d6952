"""Random entries beside firings: their sessions, their prices, and the verdict on random walks with a drift."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import numpy as np
import pytest

from backtest.request import Request
from backtest.simulation.chance import chance, market_of
from backtest.simulation.pin_chance import pin_chance
from backtest.simulation.tested import PastSession, Slots
from backtest.verdict import against_chance
from quant.market.outcome_kinds import Costs
from quant.market.paths import PathBars
from signals.scan.paths import Path

BARS = 26
QUARTER_MS = 900_000
FIRST = dt.date(2026, 1, 5)
REQUEST = Request(("SPY",), ("breakout_bullish",), FIRST, FIRST, chance_entries=40, slippage=0.0)


def session(number: int, close: np.ndarray, spread: float = 0.0, resistance: float = np.nan) -> PastSession:
    """Return a session whose bars open at the close before, without minutes; its first bar opens at its close."""
    opened = np.concatenate([close[:1], close[:-1]])
    count = len(close)
    nothing = np.full((count, 15), np.nan)
    bars = PathBars(
        open=opened,
        high=np.maximum(opened, close) + spread,
        low=np.minimum(opened, close) - spread,
        close=close,
        missing=np.zeros(count, dtype=bool),
        empty=np.zeros(count, dtype=bool),
        last=np.full(count, count - 1),
        minute_open=nothing,
        minute_high=nothing,
        minute_low=nothing,
        complete=np.zeros(count, dtype=bool),
    )
    start = number * 86_400_000 + QUARTER_MS * np.arange(count)
    path = Path(bars, start, start + QUARTER_MS, count)
    unit = np.full(count, 1.0)
    slots = Slots(close, unit, np.full(count, resistance), np.full(count, np.nan))
    return PastSession(FIRST + dt.timedelta(days=number), (), (), {}, path, slots)


def firing(tested: PastSession, slot: int, side: int = 1, name: str = "told"):
    reference = float(tested.path.bars.close[slot])
    targets = tuple(reference + side * each for each in (1.5, 2.0, 3.0))
    return SimpleNamespace(
        symbol="SPY", detector=SimpleNamespace(name=name), direction=side, side=side, reference=reference,
        stop=reference - side, stop_price=reference - side, targets=targets, target_prices=targets,
        needs_minutes=False, bar_end=int(tested.path.end_ms[slot]),
    )  # fmt: skip


def test_entries_are_in_the_same_slot_of_all_sessions_with_that_slot():
    rising = [session(number, 100.0 + np.arange(BARS) * 2.0) for number in range(3)]
    short = session(3, 100.0 - np.arange(13) * 2.0)
    found = chance(
        market_of([*rising, short]),
        [firing(rising[0], 5), firing(rising[0], 20)],
        [5, 20],
        np.ones(2),
        REQUEST,
    )
    assert found.entries.tolist() == [40, 40]
    # Slot 5 exists in four sessions, of which one falls to the stop; slot 20 in three, which all rise to the target.
    assert found.win_rate[0] == pytest.approx(0.75, abs=0.15)
    assert found.hit_rate[0] == found.win_rate[0]
    assert found.r[0] == pytest.approx(2.5 * found.win_rate[0] - 1.0)
    assert found.deviation[0] == pytest.approx(2.5 * np.sqrt(found.win_rate[0] * (1 - found.win_rate[0])))
    assert (found.win_rate[1], found.r[1], found.deviation[1]) == (1.0, 1.5, 0.0)


def test_stop_and_targets_are_the_same_multiples_of_each_bars_own_range():
    quiet, wild = session(0, 100.0 + np.arange(BARS) * 0.2), session(1, 100.0 + np.arange(BARS) * 0.2)
    wide = Slots(wild.slots.close, np.full(BARS, 100.0), wild.slots.resistance, wild.slots.support)
    wild = PastSession(wild.day, (), (), {}, wild.path, wide)
    found = chance(market_of([quiet, wild]), [firing(quiet, 5)], [5], np.ones(1), REQUEST)
    # In the wild session the target is 150 away, so the trade ends at the close, 4.0 above its entry and far from it.
    share = found.hit_rate[0]
    assert 0.25 < share < 0.75
    assert found.r[0] == pytest.approx(share * 1.5 + (1 - share) * 4.0 / 100.0)


def test_the_same_firing_draws_the_same_entries_whatever_stands_beside_it():
    generator = np.random.default_rng(1)
    days = [session(number, 100.0 + np.cumsum(generator.normal(0, 0.5, BARS))) for number in range(30)]
    market = market_of(days)
    one, other = firing(days[3], 4), firing(days[8], 9, -1)
    alone = chance(market, [other], [9], np.ones(1), REQUEST)
    both = chance(market, [one, other], [4, 9], np.ones(2), REQUEST)
    assert (alone.r[0], alone.win_rate[0]) == (both.r[1], both.win_rate[1])
    assert both.r[0] != both.r[1]


def test_costs_and_walls_count_for_random_entries_too():
    days = [session(number, 100.0 + np.arange(BARS) * 2.0, resistance=112.1) for number in range(3)]
    signals = [firing(days[0], 5)]
    costly = Request(("SPY",), REQUEST.detectors, FIRST, FIRST, slippage=0.001, commission=0.0)
    assert costly.costs == Costs(0.001, 0.0)
    plain, dear = (chance(market_of(days), signals, [5], np.ones(1), each).r[0] for each in (REQUEST, costly))
    assert plain - dear == pytest.approx(0.001 * 110.0)  # the entry alone: targets are limit orders
    walled = Request(("SPY",), REQUEST.detectors, FIRST, FIRST, slippage=0.0, wall_exit=True)
    # The target before the wall at 112.1 less 0.1 % of the close, 110: the open of the bar is already beyond it.
    assert chance(market_of(days), signals, [5], np.ones(1), walled).hit_rate[0] == 1.0


@pytest.mark.parametrize("edge", [0.0, 0.25], ids=["without an advantage", "with a planted advantage"])
def test_a_random_walk_with_a_drift_is_seldom_above_chance(edge):
    words = [word_of(seed, edge) for seed in range(100 if edge == 0.0 else 10)]
    if edge:
        assert words.count("above chance") >= 9
    else:
        assert words.count("above chance") <= 7
        assert words.count("below chance") <= 7


def word_of(seed: int, edge: float) -> str | None:
    """Return the verdict on a detector of rising bars, on 40 sessions of a random walk with a drift.

    With an edge, the bars after such a bar rise by that much more.
    """
    generator = np.random.default_rng(seed)
    days, signals, slots = [], [], []
    for number in range(40):
        steps = generator.normal(0.03, 0.5, BARS)
        fired = np.flatnonzero(generator.random(BARS - 12) < 0.15) + 2
        for slot in fired:
            steps[slot + 1 : slot + 8] += edge
        one = session(number, 500.0 + np.cumsum(steps), spread=0.1)
        days.append(one)
        signals += [firing(one, int(slot)) for slot in fired]
        slots += fired.tolist()
    found = chance(market_of(days), signals, slots, np.ones(len(signals)), REQUEST)
    owner = [next(day for day in days if signal.bar_end in day.path.end_ms) for signal in signals]
    r = np.array(
        [
            day.path.outcomes([signal], costs=REQUEST.costs).r[0]
            for day, signal in zip(owner, signals, strict=True)
        ]
    )
    dates = np.array([day.day for day in owner], dtype="datetime64[D]")
    return against_chance(r, dates, found.r, found.deviation, found.win_rate, seed=seed).word


def test_a_pin_has_the_chance_of_a_walk_with_the_volatility_of_the_session():
    # Returns of +-0.1 %: 24 bars so far, one left; the close is at the strike. P(|N(0, 0.1 %)| < 0.1 %) = 0.6827.
    close = 100.0 * np.exp(np.cumsum(np.resize([0.001, -0.001], BARS)))
    one = session(0, close)
    found = pin_chance(one, BARS - 2, float(close[BARS - 2]))
    assert found == pytest.approx(0.6827, abs=0.02)
    assert np.isnan(pin_chance(one, BARS - 1, 100.0))
    assert np.isnan(pin_chance(one, 5, 100.0))
