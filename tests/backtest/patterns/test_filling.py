"""Filling of the pattern library when a backtest finishes, and the patterns that hold on the bars of signals."""

from __future__ import annotations

import pytest

from backtest import store
from backtest.engine import backtest_symbol
from backtest.patterns.matched import stored_conditions
from backtest.request import Request, from_json
from quant import sessions
from signals import market_view
from signals.anchors import REGULAR
from signals.features.build import build
from signals.patterns.conditions import parse
from signals.patterns.matching import answer
from signals.patterns.moment import Moment
from tests.partitions import drop_partitions
from tests.roles import as_role
from tests.signals import market
from tests.web.backtests.stored import ALL, FIRST, LAST, asked, finished, outcome, watch
from warehouse import clock
from warehouse.models import Backtest, Pattern
from warehouse.models.enums import PatternStatus

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]
WALL = {"all": [{"field": "positioning", "op": "eq", "value": "LONG_GAMMA"}]}
CONFIRMED = {
    "all": [{"field": "active_signal", "op": "is_true"}, {"field": "rsi14", "op": "ge", "value": 50}]
}


def library(**conditions) -> None:
    for name, one in conditions.items():
        Pattern.objects.create(name=name, description=name, conditions=one, status=PatternStatus.ACTIVE)


def run_with(count: int, wins: int, **rules) -> Backtest:
    """Finish a backtest with some outcomes on whose bar the pattern `wall` held, the first of them winners."""
    days = sessions.sessions(FIRST, LAST)
    backtest = asked("SPY", **rules)
    rows = [
        outcome(backtest, days[place], 3, 1.5 if place < wins else -1.0, patterns=["wall"])
        for place in range(count)
    ]
    return finished(backtest, rows)


def rates() -> tuple:
    return Pattern.objects.values_list("sample_size", "historical_win_rate", "backtest").get(name="wall")


def test_a_finished_backtest_fills_the_library():
    watch()
    library(wall=WALL)
    backtest = run_with(40, 10)
    pattern = Pattern.objects.get(name="wall")
    assert (pattern.historical_win_rate, pattern.sample_size, pattern.backtest_id) == (0.25, 40, backtest.pk)
    assert (pattern.win_rate_low, pattern.win_rate_high) == pytest.approx((0.1418712, 0.4019396), abs=1e-6)
    assert (pattern.chance_win_rate, pattern.verdict) == (pytest.approx(0.42), "not different from chance")
    assert pattern.by_regime == {
        "WEAK_UPTREND": {
            "win_rate": 0.25,
            "low": pattern.win_rate_low,
            "high": pattern.win_rate_high,
            "outcomes": 40,
            "chance": pattern.chance_win_rate,
            "verdict": "not different from chance",
        }
    }
    assert (pattern.avg_duration_hours, pattern.avg_profit_target_pct) == pytest.approx((0.25, 0.3))
    assert pattern.favorable_regimes == []
    assert backtest.result["patterns"][0]["pattern"] == "wall"
    backtest.delete()
    assert rates() == (40, 0.25, None)


@pytest.mark.parametrize(
    "rules",
    [
        {"shuffled": True},
        {"one_at_a_time": False},
        {"wall_exit": True},
        {"slippage": 0.0},
        {"minimum": 0.0},
        {"profile": "phase1"},
        {"detectors": ALL[:-1]},
    ],
)
def test_a_backtest_that_trades_otherwise_does_not_fill_it(rules):
    watch()
    library(wall=WALL)
    assert run_with(40, 10, **rules).result["patterns"][0]["total"]["win_rate"]["n"] == 40
    assert rates() == (None, None, None)


def test_a_worker_may_fill_the_library():
    watch()
    library(wall=WALL)
    with as_role("warehouse_writer"):
        backtest = run_with(40, 10)
    assert rates() == (40, 0.25, backtest.pk)


def test_too_few_outcomes_do_not_replace_enough():
    watch()
    library(wall=WALL)
    few = run_with(3, 1)
    assert rates() == (3, pytest.approx(1 / 3), few.pk)
    enough = run_with(30, 15)
    assert rates() == (30, 0.5, enough.pk)
    run_with(29, 29)
    assert rates() == (30, 0.5, enough.pk)
    newer = run_with(40, 10)
    assert rates() == (40, 0.25, newer.pk)


def test_conditions_edited_meanwhile_get_no_rate():
    watch()
    library(wall=WALL)
    backtest = asked("SPY")
    Pattern.objects.update(conditions=CONFIRMED)
    finished(backtest, [outcome(backtest, LAST, 3, 1.0, patterns=["wall"])])
    assert rates() == (None, None, None)


def test_a_backtest_has_the_conditions_of_the_active_patterns():
    library(wall=WALL, broken={"all": [{"field": "gone", "op": "is_true"}]})
    Pattern.objects.create(name="off", description="", conditions=WALL, status=PatternStatus.PAUSED)
    assert stored_conditions() == {"wall": WALL}
    request = Request(("SPY",), ALL, FIRST, LAST)
    assert from_json(store.create(request, "test", 0).request).patterns == {"wall": WALL}
    daily = Request(("SPY",), ALL, FIRST, LAST, timeframe="1d")
    assert from_json(store.create(daily, "test", 0).request).patterns == {}


def test_the_patterns_of_a_signal_are_those_that_hold_on_its_bar():
    market.watch("SPY")
    first = REGULAR.before(market.LAST, 1)
    market.store_bars("SPY")
    market.store_gamma("SPY", REGULAR.before(first, 2))
    market.store_days(["SPY"], REGULAR.before(first, 10))
    patterns = {"wall": WALL, "confirmed": CONFIRMED}
    request = Request(
        ("SPY",),
        ALL,
        first,
        market.LAST,
        minimum=0.0,
        one_at_a_time=False,
        chance_entries=1,
        patterns=patterns,
    )
    rows = backtest_symbol(request, "SPY").rows
    open_ms = clock.epoch_ms(sessions.open_of(first))
    view = market_view.read(["SPY"], open_ms, clock.epoch_ms(sessions.close_of(market.LAST)))
    kinds = set()
    for row in rows:
        if row["disposition"] != "ACTIVE":
            assert row["patterns"] == []
            continue
        features = build(view, "SPY", row["session"])
        moment = Moment(features, features.end_ms.tolist().index(row["bar_end"]), 1)
        held = [name for name, one in patterns.items() if answer(parse(one), moment).holds]
        assert row["patterns"] == held
        kinds.add(tuple(held))
    drop_partitions()
    assert len(kinds) >= 2
