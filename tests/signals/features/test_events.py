"""The next event of a symbol, and the volatility that it adds; the volatilities of example 17 of the specification."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant import sessions
from quant.market.session_bars import SessionBars
from signals.features.events import event_columns
from signals.features.history import History, calendar
from warehouse import clock
from warehouse.asof.expiration_curve import SlotVolatilities
from warehouse.asof.iv import EventVersions

DAY = dt.date(2026, 11, 24)
OPEN_MS = clock.epoch_ms(sessions.open_of(DAY))
SLOT_MS = 900_000
NEXT, LATER = dt.date(2026, 11, 27), dt.date(2026, 12, 18)


def history(slots=(24, 25)):
    """Return the history of a session with bars in some slots, which have no prices."""
    number = np.array(slots)
    end_ms = OPEN_MS + (number + 1) * SLOT_MS
    bars = SessionBars(
        session=np.ones(len(slots), dtype=np.int64), slot=number, slots=np.array([26, 26]),
        **dict.fromkeys(("open", "high", "low", "close", "volume", "vwap"), np.ones(len(slots))),
    )  # fmt: skip
    return History(calendar(DAY, 1), bars, end_ms - SLOT_MS, end_ms, end_ms + 40_000)


def events(*listed):
    """Return events from (day, timing, certainty, known_at, withdrawn_at)."""
    return EventVersions(
        date=np.array([row[0] for row in listed], dtype="datetime64[D]"),
        timing=np.array([row[1] for row in listed], dtype=np.str_),
        certainty=np.array([row[2] for row in listed], dtype=np.str_),
        known_at=np.array([row[3] for row in listed], dtype=np.int64),
        withdrawn_at=np.array([row[4] for row in listed], dtype=float),
    )


def earnings(day=DAY, timing="AFTER_CLOSE", certainty="CONFIRMED", known_at=0, withdrawn_at=np.nan):
    return events((day, timing, certainty, known_at, withdrawn_at))


def years(expiration, at_ms):
    settles = sessions.settlement_instants(["AAPL"], [expiration])[0].astype(np.int64)
    return (int(settles) * 1000 - at_ms) / 1000 / sessions.SECONDS_PER_YEAR


def curve(at_ms, base=0.15, front=0.36, expirations=(NEXT, LATER), slot_ms=OPEN_MS + 23 * SLOT_MS, before=()):
    """Return the curve of one slot, in which the first expiration has the variance `front` and the base `base`."""
    times = [years(each, at_ms) for each in expirations]
    event = (front - base) * times[0]
    rows = [
        (slot_ms, each, np.sqrt(base + event / time)) for each, time in zip(expirations, times, strict=True)
    ]
    rows += before
    return SlotVolatilities(
        timestamp=np.array([row[0] for row in rows]),
        root=np.full(len(rows), "AAPL"),
        expiration=np.array([row[1] for row in rows], dtype="datetime64[D]"),
        atm_volatility=np.array([row[2] for row in rows]),
        known_at=np.array([row[0] + 20_000 for row in rows]),
    )


AT_MS = OPEN_MS + 25 * SLOT_MS + 40_000


def test_the_volatility_of_the_event_is_that_of_the_worked_example():
    found = event_columns(earnings(), curve(AT_MS), history((24,)))
    assert found.front_iv[0] == pytest.approx(0.60)
    assert found.ex_event_iv[0] == pytest.approx(0.387298, abs=1e-6)
    assert 100 * (found.front_iv[0] - found.ex_event_iv[0]) == pytest.approx(21.2702, abs=1e-4)
    assert (found.event_timing[0], found.event_expirations[0], found.days_to_event[0]) == (
        "AFTER_CLOSE",
        1.0,
        0.0,
    )


@pytest.mark.parametrize(
    ("listed", "timing", "days"),
    [
        (earnings(certainty="ESTIMATED"), "", 0.0),
        (earnings(timing="UNKNOWN", day=dt.date(2026, 11, 25)), "UNKNOWN", 1.0),
        (earnings(day=dt.date(2026, 11, 25), timing="BEFORE_OPEN"), "BEFORE_OPEN", 1.0),
        (earnings(day=dt.date(2026, 11, 27)), "", 3.0),  # after the next session's close
        (earnings(timing="BEFORE_OPEN"), "", np.nan),  # of this morning
        (earnings(known_at=AT_MS + 1), "", np.nan),
        (earnings(withdrawn_at=AT_MS), "", np.nan),
        (earnings(withdrawn_at=AT_MS + 1), "AFTER_CLOSE", 0.0),
        (events(), "", np.nan),
    ],
)
def test_an_event_counts_if_it_was_expected_and_is_near(listed, timing, days):
    found = event_columns(listed, curve(AT_MS), history((24,)))
    assert found.event_timing[0] == timing
    np.testing.assert_equal(found.days_to_event[0], days)
    assert np.isnan(found.front_iv[0]) == (timing == "")


def test_a_slot_that_was_not_known_is_not_used():
    late = curve(AT_MS, slot_ms=OPEN_MS + 25 * SLOT_MS)  # the slot of the bar's end
    assert np.isnan(event_columns(earnings(), late, history((24,))).front_iv[0])
    assert np.isnan(event_columns(earnings(), None, history((24,))).front_iv[0])


def test_one_expiration_after_the_event_needs_one_before_it():
    alone = event_columns(earnings(), curve(AT_MS, expirations=(NEXT,)), history((24,)))
    assert (alone.event_expirations[0], np.isnan(alone.ex_event_iv[0])) == (0.0, True)
    tomorrow = earnings(day=dt.date(2026, 11, 25), timing="BEFORE_OPEN")
    before = [(OPEN_MS + 23 * SLOT_MS, DAY, 0.3)]
    both = event_columns(tomorrow, curve(AT_MS, expirations=(NEXT,), before=before), history((24,)))
    assert both.event_expirations[0] == 1.0


def test_the_mean_before_needs_ten_sessions_of_the_same_expiration():
    days = sessions.sessions(dt.date(2026, 11, 9), dt.date(2026, 11, 23))
    closes = [clock.epoch_ms(sessions.close_of(day)) for day in days]
    before = [(at, NEXT, 0.30 + 0.01 * place) for place, at in enumerate(closes)]
    found = event_columns(earnings(), curve(AT_MS, before=before), history((24,)))
    assert found.front_mean[0] == pytest.approx(0.30 + 0.01 * (len(days) - 1) / 2)
    few = event_columns(earnings(), curve(AT_MS, before=before[:9]), history((24,)))
    assert np.isnan(few.front_mean[0])
