"""One live signal per key; late symbols, halts and early closes. The detector here is told on which bars to fire."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from quant import sessions
from quant.market.outcome_kinds import ENDS
from signals import market_view
from signals.rules.detector import Detector
from signals.rules.rule import SHORT, Condition, Factor, Rule, Stop
from signals.scan.paths import session_path
from signals.scan.scan import PAUSE_BARS, detectors_for, scan_session
from tests.signals import market
from warehouse import asof, clock
from warehouse.models import FetchedRange, HistoricalBar

pytestmark = [pytest.mark.database, pytest.mark.django_db]
DAY, EARLY = dt.date(2026, 11, 24), dt.date(2026, 11, 27)
OPEN_MS, CLOSE_MS = (clock.epoch_ms(each(DAY)) for each in (sessions.open_of, sessions.close_of))

BAR_ENDS = [OPEN_MS + (slot + 1) * 900_000 for slot in range(26)]


def told(slots, score=1.0, distance=0.5, directions=(1,), name="told"):
    """Return a detector that fires on bars of the evaluated session, with its stop at a distance in points."""

    def holds(features):
        number = np.round(features.minutes_open / 15.0) - 1
        today = np.arange(len(features)) >= features.first_row
        return (np.isin(number, slots) & today).astype(float)

    rule = Rule(
        family="breakout",
        symbols="stock",
        conditions=(Condition("told", (), holds),),
        factors=(Factor(1.0, "constant", (), lambda f: np.full(len(f), score)),),
        stop=Stop((), lambda f: np.full(len(f), distance)),
    )
    return Detector(99, name, rule, directions)


@pytest.fixture
def stored():
    market.watch("SPY")
    market.store_bars("SPY", EARLY)


def view_of(day=DAY, last_ms=None):
    opened = clock.epoch_ms(sessions.open_of(day))
    return market_view.read(["SPY"], opened, last_ms or clock.epoch_ms(sessions.close_of(day)) + 3_600_000)


def slots(found, day=DAY):
    opened = clock.epoch_ms(sessions.open_of(day))
    return [slot_of(one.bar_end, opened) for one in found.signals]


def slot_of(bar_end, opened=OPEN_MS):
    return (bar_end - opened) // 900_000 - 1


def end_slot(view, signal):
    return int(session_path(view, "SPY", DAY).outcomes([signal]).end_row[0])


def test_the_next_signal_of_a_key_waits_for_the_end_and_five_bars(stored):
    view, every = view_of(), list(range(0, 25, 2))
    found = scan_session(view, "SPY", DAY, detectors=[told(every)])
    assert slots(found)[0] == 0
    for first, second in zip(found.signals, found.signals[1:], strict=False):
        free = end_slot(view, first) + PAUSE_BARS
        assert slot_of(second.bar_end) == min(slot for slot in every if slot >= free)
    assert len(found.signals) > 2


def test_a_signal_with_a_far_stop_lives_all_day_and_lets_no_other_in(stored):
    found = scan_session(view_of(), "SPY", DAY, detectors=[told(range(0, 25, 2), distance=500.0)])
    assert slots(found) == [0]


def test_other_directions_and_detectors_are_other_keys(stored):
    two = [told([2], distance=500.0), told([2], distance=500.0, directions=(SHORT,), name="other")]
    found = scan_session(view_of(), "SPY", DAY, detectors=two)
    assert [(one.detector.name, one.direction) for one in found.signals] == [("told", 1), ("other", -1)]


def test_blocked_firings_and_low_scores_hold_no_key(stored):
    low = told([2, 4, 6], score=0.0, distance=500.0)
    found = scan_session(view_of(), "SPY", DAY, detectors=[low])
    assert {one.score.disposition for one in found.signals} == {"BELOW_MINIMUM"}
    assert slots(found) == [2, 4, 6]


def test_a_dismissed_signal_frees_its_key_after_the_pause(stored):
    detector = told([2, 6, 8, 9, 12, 14], distance=500.0)
    first = scan_session(view_of(), "SPY", DAY, detectors=[detector]).signals[0]
    at_ms = first.bar_end + 20 * 60_000  # in the bar of slot 4
    dismissed = {("told", 1, first.bar_end): at_ms}
    found = scan_session(view_of(), "SPY", DAY, detectors=[detector], dismissed=dismissed)
    assert slots(found) == [2, 12]  # 9 begins with 8: both hold, so 9 is no event


def test_what_is_a_signal_does_not_depend_on_later_bars(stored):
    detector = told(list(range(0, 25, 2)))
    whole = scan_session(view_of(), "SPY", DAY, detectors=[detector])
    for last in range(3, 26, 5):
        at_ms = OPEN_MS + (last + 1) * 900_000 + 40_000
        with asof.at(at_ms):
            part = scan_session(view_of(last_ms=at_ms), "SPY", DAY, detectors=[detector])
        assert slots(part) == [slot for slot in slots(whole) if slot <= last]


def test_a_session_that_closes_early_has_fewer_bars(stored):
    found = scan_session(view_of(EARLY), "SPY", EARLY, detectors=[told([0, 12, 13], distance=500.0)])
    assert slots(found, EARLY) == [0]
    late = scan_session(view_of(EARLY), "SPY", EARLY, detectors=[told([12], distance=500.0)])
    assert slots(late, EARLY) == [12]
    # No trade can be entered after the last bar.
    assert scan_session(view_of(EARLY), "SPY", EARLY, detectors=[told([13])]).signals == ()


def test_a_halt_gives_no_signal_without_bars_and_ends_living_ones(stored):
    halted = [OPEN_MS + slot * 900_000 for slot in (8, 9, 10, 11)]
    HistoricalBar.objects.filter(symbol="SPY", timeframe="15m", timestamp__in=halted).delete()
    detector = told([4, 9, 20], distance=500.0)
    view = view_of()
    found = scan_session(view, "SPY", DAY, detectors=[detector])
    assert slots(found) == [4, 20]
    assert end_slot(view, found.signals[0]) == 9  # the second bar in a row that is missing


def ends(view, signal):
    found = session_path(view, "SPY", DAY).outcomes([signal])
    return ENDS[found.end[0]], slot_of(CLOSE_MS if found.end_row[0] < 0 else BAR_ENDS[found.end_row[0]])


def test_bars_that_were_fetched_and_hold_no_trade_end_no_signal(stored):
    halted = HistoricalBar.objects.filter(
        timeframe="15m", timestamp__in=[OPEN_MS + slot * 900_000 for slot in (8, 9, 10, 11)]
    )
    halted.delete()
    detector, until = told([4], distance=500.0), OPEN_MS + 12 * 900_000
    (signal,) = scan_session(view_of(), "SPY", DAY, detectors=[detector]).signals
    FetchedRange.objects.create(symbol="SPY", kind="bars_1m", after_ms=OPEN_MS, until_ms=until - 60_000)
    assert ends(view_of(), signal) == ("EXPIRED", 25)  # of the last halted bar a minute was not fetched
    FetchedRange.objects.all().update(until_ms=until - 900_000 - 1)
    assert ends(view_of(), signal) == ("NO_DATA", 11)
    FetchedRange.objects.all().update(kind="bars_15m", until_ms=until)
    assert ends(view_of(), signal) == ("EXPIRED", 25)


def test_whether_the_newest_bars_are_empty_is_known_with_the_next_one(stored):
    later = HistoricalBar.objects.filter(timeframe="15m", timestamp__gte=OPEN_MS + 8 * 900_000)
    (signal,) = scan_session(view_of(), "SPY", DAY, detectors=[told([4], distance=500.0)]).signals
    at_ms = OPEN_MS + 10 * 900_000 + 40_000
    late = list(later.filter(timestamp__lt=at_ms))
    later.filter(timestamp__lt=at_ms).delete()
    for bar in late:
        bar.pk, bar.known_at = None, at_ms + 1
    HistoricalBar.objects.bulk_create(late)
    with asof.at(at_ms):
        waiting = view_of(last_ms=at_ms)
    assert ends(waiting, signal)[0] == "OPEN"
    assert ends(view_of(), signal) == ("NO_DATA", 9)
    later.delete()
    assert ends(view_of(), signal) == ("NO_DATA", 9)  # the session is over


def test_a_symbol_without_bars_before_noon_has_signals_from_then_on(stored):
    HistoricalBar.objects.filter(
        symbol="SPY",
        timeframe__in=["5m", "15m"],
        timestamp__gte=OPEN_MS,
        timestamp__lt=OPEN_MS + 10 * 900_000,
    ).delete()
    found = scan_session(view_of(), "SPY", DAY, detectors=[told([4, 10, 11], distance=500.0)])
    assert found.signals == ()  # the first bar has no bar before it, so no event begins there
    assert slots(scan_session(view_of(), "SPY", DAY, detectors=[told([12], distance=500.0)])) == [12]


def test_detectors_run_on_the_symbols_of_their_kind():
    kinds = {"SPX": "index", "SPY": "etf", "AAPL": "stock"}
    names = {
        symbol: {one.name for one in detectors_for(symbol, kind, "15m")} for symbol, kind in kinds.items()
    }
    assert "breakout_bullish" not in names["SPX"]
    assert "gamma_flip_bullish" not in names["AAPL"]
    assert names["SPY"] == names["SPX"] | names["AAPL"]
    daily = {one.name for one in detectors_for("AAPL", "stock", "1d")}
    assert daily == {
        "breakout_bullish", "breakout_bearish", "mean_reversion_long", "mean_reversion_short",
        "trend_continuation_long", "trend_continuation_short",
    }  # fmt: skip


def test_features_of_a_symbol_without_any_bar_are_none():
    market.watch("SPY")
    view = view_of()
    assert scan_session(view, "SPY", DAY).features is None
    assert scan_session(replace(view), "SPY", DAY).signals == ()
