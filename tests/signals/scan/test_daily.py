"""Signals of daily bars: keys across sessions, splits on the path, and the scan after the close."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from quant import sessions
from signals import market_view
from signals.features.history import DAY_EVALUATED_AFTER_MS
from signals.rules.detector import Detector
from signals.rules.rule import Condition, Factor, Rule, Stop
from signals.scan import daily_run
from signals.scan.due import DueBar, daily_due
from signals.scan.paths import daily_path
from signals.scan.scan import Earlier, scan_daily
from tests.partitions import drop_partitions
from tests.signals import market
from warehouse import clock
from warehouse.asof.corporate_actions import Split
from warehouse.models import Signal, SignalEvent

DAYS = sessions.sessions(dt.date(2026, 10, 1), dt.date(2026, 11, 24))


def close_ms(day):
    return clock.epoch_ms(sessions.close_of(day))


def told(*days):
    """Return a detector of daily bars that fires in some sessions, with a far stop."""
    ends = [close_ms(day) for day in days]
    rule = Rule(
        family="breakout",
        symbols="stock",
        timeframes=("1d",),
        conditions=(Condition("told", (), lambda f: np.isin(f.end_ms, ends).astype(float)),),
        factors=(Factor(1.0, "constant", (), lambda f: np.ones(len(f))),),
        stop=Stop((), lambda f: np.full(len(f), 400.0)),
    )
    return Detector(98, "told_daily", rule)


def view_of(day):
    opened = clock.epoch_ms(sessions.open_of(day))
    return market_view.read(["SPY"], opened, close_ms(day) + DAY_EVALUATED_AFTER_MS, "1d")


def earlier(day, dismissed_at=None):
    return Earlier("told_daily", 1, close_ms(day), 500.0, 100.0, (1100.0, 1300.0, 1700.0), dismissed_at)


def fires(day, *held):
    return bool(scan_daily(view_of(day), "SPY", day, held, detectors=[told(day)]).signals)


@pytest.fixture
def stored(db):
    market.watch("SPY")
    market.store_bars("SPY")


@pytest.mark.database
def test_a_daily_signal_holds_its_key_for_its_bars_and_the_pause(stored):
    day = DAYS[-1]
    assert fires(day)
    assert not fires(day, earlier(DAYS[-10]))
    assert not fires(day, earlier(DAYS[-25]))  # it ended with its 20th bar, four bars ago
    assert fires(day, earlier(DAYS[-26]))
    assert fires(day, replace(earlier(DAYS[-10]), side=-1))


@pytest.mark.database
def test_a_dismissed_daily_signal_frees_its_key_after_five_bars(stored):
    day = DAYS[-1]
    assert not fires(day, earlier(DAYS[-10], dismissed_at=close_ms(DAYS[-5])))
    assert fires(day, earlier(DAYS[-10], dismissed_at=close_ms(DAYS[-6])))


@pytest.mark.database
def test_the_path_after_a_split_has_the_prices_of_the_signals_session(stored):
    view, day = view_of(DAYS[-1]), DAYS[-6]
    plain = daily_path(view, "SPY", day).bars
    split = Split(DAYS[-3], 2.0, 0, 2**62)
    one = view.symbols["SPY"]
    changed = replace(one, prices=replace(one.prices, splits=(split,)))
    found = daily_path(replace(view, symbols={"SPY": changed}), "SPY", day).bars
    # Bars are stored as traded: from the split on, a price is that of half a share.
    np.testing.assert_allclose(found.close, plain.close * [1, 1, 1, 2, 2, 2])


@pytest.mark.database
def test_daily_bars_of_later_sessions_are_not_evaluated_yet(stored):
    path = daily_path(view_of(DAYS[-2]), "SPY", DAYS[-6])
    assert (len(path.bars), path.evaluated) == (5, 5)
    assert daily_path(view_of(DAYS[-1]), "SPY", DAYS[-30]).evaluated == 21


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_daily_bars_are_scanned_once_and_their_signals_followed(monkeypatch):
    market.watch("SPY")
    market.store_bars("SPY")
    days = DAYS[-3:]
    detector = told(days[0])
    monkeypatch.setattr(
        daily_run, "scan_daily", lambda *args, **more: scan_daily(*args, **more, detectors=[detector])
    )
    for day in days:
        end = close_ms(day)
        assert daily_due(end + DAY_EVALUATED_AFTER_MS - 1, 0) is None
        due = daily_due(end + DAY_EVALUATED_AFTER_MS, 0)
        assert due == DueBar(end, end + DAY_EVALUATED_AFTER_MS)
        assert daily_run.scan_daily_bar(due).symbols == 1
        assert daily_run.scan_daily_bar(due).refused == "already done"
        assert daily_due(end + DAY_EVALUATED_AFTER_MS, 0) is None
    signal = Signal.objects.get()
    assert (signal.timeframe, signal.style, signal.bar_end) == ("1d", "swing", close_ms(days[0]))
    (entered,) = SignalEvent.objects.all()
    assert (entered.kind, entered.timestamp) == ("ENTERED", clock.epoch_ms(sessions.open_of(days[1])))
    drop_partitions()
