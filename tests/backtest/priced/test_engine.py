"""A priced backtest: interrupted and continued, and what identifies the stored prices."""

from __future__ import annotations

import datetime as dt

import pytest

from backtest import run, store
from backtest.engine import backtest_symbol
from backtest.request import Request, checked
from quant import sessions
from signals.anchors import REGULAR
from signals.detectors.registry import DETECTORS
from tests.backtest.priced.chains import contract, curve
from tests.ingestion.fixtures import at_market_time as at_market_time
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse import clock
from warehouse.models import Backtest, BacktestOutcome, ExpirationCurve, HistoricalGreeks

pytestmark = [pytest.mark.database]
FIRST = REGULAR.before(market.LAST, 2)
NOW_MS = clock.epoch_ms(sessions.close_of(market.LAST)) + 2 * sessions.HOUR_MS
NAMES = tuple(one.name for one in DETECTORS)
NEAR = dt.date(2026, 12, 11)
PRICED = Request(
    ("SPY",), NAMES, FIRST, market.LAST, minimum=0.0, chance_entries=5, until_ms=NOW_MS, priced=True
)


@pytest.fixture
def stored(at_market_time):
    """A random market of SPY with the chain of every close, whose contracts have a volatility and no quote."""
    at_market_time(clock.instant(NOW_MS))
    market.watch("SPY")
    market.store_bars("SPY")
    for day in sessions.sessions(REGULAR.before(FIRST, 1), market.LAST):
        slot = clock.epoch_ms(sessions.close_of(day))
        for side, delta in (("C", 0.45), ("P", -0.45)):
            contract(slot, NEAR, side, 500, delta=delta, underlying_price=500.0)
        curve(slot, NEAR)
    yield
    drop_partitions()


def option_columns(backtest: Backtest) -> list[dict]:
    names = [one.name for one in BacktestOutcome._meta.fields if one.name.startswith("option_")]
    rows = BacktestOutcome.objects.filter(backtest=backtest).order_by("bar_end", "detector", "direction")
    return list(rows.values("exit_minute", *names))


def finished(backtest: Backtest) -> Backtest:
    for symbol in run.start(backtest, NOW_MS):
        run.run_symbol(backtest.id, symbol, lambda: NOW_MS)
    assert run.finish(backtest.id, NOW_MS)
    backtest.refresh_from_db()
    return backtest


def test_an_interrupted_priced_backtest_continues_with_the_same_result(stored):
    whole = finished(store.create(PRICED, "test", NOW_MS))
    rows = option_columns(whole)
    assert {row["option_reason"] for row in rows} == {""}
    assert {row["option_contract"] for row in rows} == {"O:SPY261211C00500000", "O:SPY261211P00500000"}
    total = whole.result["populations"]["firings"]["options"]["total"]
    assert (total["trades"], total["modelled"], total["unpriced"]) == (len(rows), len(rows), {})

    class Killed(Exception):
        pass

    calls = []

    def kill(symbol: str, done: int, total: int) -> None:
        calls.append(done)
        if len(calls) == total + 2:  # while the second outcome is priced
            raise Killed

    second = store.create(PRICED, "test", NOW_MS)
    run.start(second, NOW_MS)
    with pytest.raises(Killed):
        run.run_symbol(second.id, "SPY", lambda: NOW_MS, kill)
    assert not BacktestOutcome.objects.filter(backtest=second).exists()
    second = finished(second)
    assert option_columns(second) == rows
    assert (second.result, second.fingerprint) == (whole.result, whole.fingerprint)


def test_a_changed_volatility_changes_fingerprint_and_profit(stored):
    before = backtest_symbol(PRICED, "SPY")
    HistoricalGreeks.objects.update(implied_volatility=0.25)
    after = backtest_symbol(PRICED, "SPY")
    assert before.fingerprint != after.fingerprint
    assert before.rows[0]["option_pnl"] != after.rows[0]["option_pnl"]
    ExpirationCurve.objects.all().delete()
    assert backtest_symbol(PRICED, "SPY").rows[0]["option_reason"] == "no price at the entry"


def test_prices_that_are_known_later_change_nothing(stored):
    before = backtest_symbol(PRICED, "SPY")
    for day in sessions.sessions(FIRST, market.LAST):
        for slot in sessions.slots(day)[:-1]:
            late = {"known_at": NOW_MS + 1, "implied_volatility": 0.9, "bid": 50, "ask": 60, "delta": 0.45}
            contract(clock.epoch_ms(slot), NEAR, "C", 500, **late)
    after = backtest_symbol(PRICED, "SPY")
    assert (after.rows, after.fingerprint) == (before.rows, before.fingerprint)


@pytest.mark.parametrize(
    ("rules", "sentence"),
    [
        ({"spread_share": 1.5}, "A fill of an option crosses 0 to 1"),
        ({"option_commission": -1.0}, "A fill of an option crosses 0 to 1"),
        ({"shuffled": True}, "Options have no prices in a market whose bars have a random order"),
    ],
)
def test_a_request_without_a_meaning_is_refused(rules, sentence):
    wrong = Request(("SPY",), NAMES, FIRST, market.LAST, priced=True, **rules)
    with pytest.raises(ValueError, match=sentence):
        checked(wrong, ["SPY"], REGULAR, clock.instant(NOW_MS))
