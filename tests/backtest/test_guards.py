"""Checks before a backtest: later facts that a detector uses, and indicators that remember where they begin."""

from __future__ import annotations

import datetime as dt
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from backtest.guards import look_ahead as guard
from backtest.guards.look_ahead import look_ahead
from backtest.guards.warm_up import warm_up
from backtest.request import Request
from quant import sessions
from signals.anchors import REGULAR
from signals.detectors.registry import BY_NAME
from signals.features.indicators import WARM_UP
from signals.rules.detector import Detector
from signals.rules.rule import Condition, Factor, Rule
from tests.ingestion.fixtures import at_market_time  # noqa: F401 - a fixture is used by its name
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse.models import Backtest

pytestmark = [pytest.mark.django_db(transaction=True)]
FIRST = REGULAR.before(market.LAST, 3)


@pytest.fixture
def stored():
    market.watch("SPY")
    market.store_bars("SPY")
    market.store_gamma("SPY", REGULAR.before(FIRST, 2))
    market.store_flow("SPY", REGULAR.before(FIRST, 23))
    market.store_days(["SPY"], REGULAR.before(FIRST, 10))
    yield
    drop_partitions()


def request(timeframe="15m") -> Request:
    return Request(("SPY",), tuple(BY_NAME), FIRST, market.LAST, timeframe)


def leaky() -> Detector:
    """Return a detector that fires before a rise: it reads the close of the next bar."""

    def rises_next(features):
        following = np.append(features.close[1:], features.close[-1])
        return (following > features.close).astype(float)

    factor = Factor(1.0, "close", ("close",), lambda features: np.full(len(features), 0.5))
    rule = Rule("trend", "stock", (Condition("rises next", ("close",), rises_next),), (factor,))
    return Detector(99, "leaky", rule)


@pytest.mark.parametrize("timeframe", ["15m", "1d"])
def test_no_detector_uses_later_facts(stored, timeframe):
    found = look_ahead(request(timeframe), bars=8)
    assert (found.bars, found.differing) == (8, ())


def test_a_detector_that_reads_the_next_bar_is_named(stored):
    assert look_ahead(request(), [leaky()], bars=12).differing == ("detector leaky",)


def test_the_command_refuses_to_test_with_a_leak(stored, at_market_time, monkeypatch):  # noqa: F811
    at_market_time(sessions.close_of(market.LAST) + dt.timedelta(hours=2))
    monkeypatch.setattr(guard, "detectors_for", lambda *given: [leaky()])
    with pytest.raises(
        CommandError, match=r"use facts from after their bar: detector leaky\. Nothing was tested"
    ):
        call_command("backtest", first=FIRST, last=market.LAST, check_lookahead=True, stdout=StringIO())
    backtest = Backtest.objects.get()
    assert (backtest.status, backtest.error) == ("failed", "look-ahead: detector leaky")
    assert backtest.guards["look_ahead"]["differing"] == ["detector leaky"]


def test_every_detector_says_how_much_history_it_needs(stored):
    found = warm_up(request())
    assert found.detectors["trend_continuation_long"] == WARM_UP["ema200"]
    assert found.detectors["breakout_bullish"] == WARM_UP["ema50"]
    assert found.failing == ()
    assert set(found.differences) == set(WARM_UP)


def test_an_indicator_that_remembers_its_beginning_fails(stored, monkeypatch):
    monkeypatch.setitem(WARM_UP, "ema200", 210)
    assert warm_up(request()).failing == ("ema200",)


def test_the_command_prints_both_checks(stored, at_market_time):  # noqa: F811
    at_market_time(sessions.close_of(market.LAST) + dt.timedelta(hours=2))
    out = StringIO()
    call_command(
        "backtest",
        "breakout_bullish",
        first=FIRST,
        last=market.LAST,
        check_lookahead=True,
        check_warmup=True,
        stdout=out,
    )
    said = out.getvalue()
    assert "Look-ahead check passed on" in said
    assert "Warm-up check passed" in said
    assert set(Backtest.objects.get().guards) == {"look_ahead", "warm_up"}
