"""Outcomes of predicted falls of volatility: which slot and contract are measured, and how the signal ends."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from quant import sessions
from signals.features.history import DAY_EVALUATED_AFTER_MS
from signals.scan import daily_run
from signals.scan.crush import measure_stored, measured_slot
from signals.scan.due import DueBar
from tests.partitions import drop_partitions
from tests.signals import market
from tests.signals.setup_rows import add_signal
from tests.warehouse.rows import add_curve, add_event, add_greeks
from warehouse import clock
from warehouse.models import ExpirationCurve, HistoricalGreeks, SignalEvent

DAY, NEXT = dt.date(2026, 11, 24), dt.date(2026, 11, 25)
SOON, LATER = dt.date(2026, 11, 25), dt.date(2026, 12, 18)  # expirations
QUARTER_MS = 15 * sessions.MINUTE_MS


def slot_ms(day, slot):
    return clock.epoch_ms(sessions.slots(day)[slot])


BAR_END = slot_ms(DAY, 25)
AT_MS = BAR_END + 40_000
USED, MEASURED = slot_ms(DAY, 24), slot_ms(NEXT, 26)


def instant(day, clock_time):
    return clock.epoch_ms(dt.datetime.combine(day, dt.time.fromisoformat(clock_time), sessions.NEW_YORK))


@pytest.mark.parametrize(
    ("day", "happened", "measured"),
    [
        (DAY, (DAY, "17:00"), (NEXT, "16:00")),  # 24 hours after 15:45:40
        (NEXT, (dt.date(2026, 11, 27), "08:30"), (dt.date(2026, 11, 27), "09:30")),  # over Thanksgiving
        (NEXT, (dt.date(2026, 11, 27), "12:35"), (dt.date(2026, 11, 30), "09:30")),  # after an early close
        (DAY, (NEXT, "16:00"), (dt.date(2026, 11, 27), "09:30")),
        (DAY, (NEXT, "15:30"), (NEXT, "16:00")),
    ],
)
def test_the_slot_follows_signal_by_a_day_and_event_by_half_an_hour(day, happened, measured):
    at_ms = slot_ms(day, -2) + 40_000
    assert measured_slot(at_ms, instant(*happened)) == instant(*measured)


def ticker(expiration, kind, strike):
    return f"O:AAPL{expiration:%y%m%d}{kind}{strike * 1000:08d}"


def store_chain(slot, volatility, forward=271.0, expirations=(SOON, LATER), known_after_ms=20_000):
    """Store curve and chain of a slot; at the strike 270 calls and puts have two volatilities."""
    for expiration in expirations:
        add_curve(
            slot,
            symbol="AAPL",
            root="AAPL",
            expiration=expiration,
            forward=forward,
            atm_volatility=0.9,
            known_at=slot + known_after_ms,
        )
        for kind, strike, value in (
            ("C", 270, 0.99),
            ("P", 270, volatility),
            ("C", 275, 0.98),
            ("P", 265, 0.97),
        ):
            add_greeks(
                slot,
                ticker(expiration, kind, strike),
                symbol="AAPL",
                option_type="call" if kind == "C" else "put",
                strike=strike,
                expiration=expiration,
                implied_volatility=value,
                known_at=slot + known_after_ms,
            )


@pytest.fixture
def announced(db):
    add_event(DAY, symbol="AAPL", timing="AFTER_CLOSE", certainty="CONFIRMED", known_at=AT_MS - 1)
    store_chain(USED, 0.60)


def measured(now_ms=MEASURED + 1):
    return measure_stored("AAPL", BAR_END, AT_MS, now_ms)


@pytest.mark.database
@pytest.mark.parametrize(
    ("after", "end", "reason", "change"),
    [
        (0.40, "TARGET_HIT", "", -20.0),
        (0.595, "TARGET_HIT", "", -0.5),
        (0.596, "EXPIRED", "volatility did not change", -0.4),
        (0.604, "EXPIRED", "volatility did not change", 0.4),
        (0.62, "EXPIRED", "volatility rose", 2.0),
    ],
)
def test_the_contract_at_the_forward_is_compared_with_itself(announced, after, end, reason, change):
    store_chain(MEASURED, after, forward=300.0)
    found = measured()
    # The expiration of the next session has no hour left at its close.
    assert found.contract_ticker == ticker(LATER, "P", 270)
    assert (found.end, found.reason, found.at_ms) == (end, reason, MEASURED)
    assert (found.before, found.after, found.change) == (0.60, after, change)


@pytest.mark.database
def test_the_nearest_expiration_counts_where_it_has_an_hour_left(announced):
    HistoricalGreeks.objects.all().delete()
    ExpirationCurve.objects.all().delete()
    early = dt.date(2026, 11, 27)  # closes at 13:00
    store_chain(USED - QUARTER_MS, 0.60, expirations=(early, LATER))
    store_chain(USED, 0.58, expirations=(early, LATER))
    store_chain(MEASURED, 0.40, expirations=(early, LATER))
    assert measured().contract_ticker == ticker(early, "P", 270)
    assert measured().change == -18.0


@pytest.mark.database
def test_a_measurement_is_open_until_its_chain_is_overdue(announced):
    assert measured(MEASURED - 1) is None
    assert measured() is None
    assert measured(MEASURED + 30 * sessions.MINUTE_MS - 1) is None
    found = measured(MEASURED + 30 * sessions.MINUTE_MS)
    assert (found.end, found.reason) == ("NO_DATA", "no data: volatility after the event")
    assert found.before == 0.60
    assert np.isnan(found.after)


@pytest.mark.database
def test_without_event_curve_or_volatility_there_is_no_outcome(db):
    assert measured(AT_MS).reason == "no data: event"
    add_event(DAY, symbol="AAPL", timing="AFTER_CLOSE", certainty="CONFIRMED", known_at=0)
    assert measured().reason == "no data: expiration after the event"
    add_curve(USED, symbol="AAPL", root="AAPL", expiration=LATER, forward=271.0, known_at=USED + 1)
    assert measured().reason == "no data: volatility at the forward"


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_the_scan_of_the_next_days_stores_the_end_once():
    market.watch("AAPL", kind="stock")
    market.watch("SPY")
    add_event(DAY, symbol="AAPL", timing="AFTER_CLOSE", certainty="CONFIRMED", known_at=0)
    store_chain(USED, 0.60)
    known_late = 21 * sessions.MINUTE_MS  # after the scan of the session
    store_chain(MEASURED, 0.40, known_after_ms=known_late)
    signal = add_signal(
        symbol="AAPL", detector="iv_crush", direction="SHORT", family="volatility", outcome_kind="iv_change",
        bar_end=BAR_END, stop=None, targets=[], prediction=-21.27, disposition="BELOW_MINIMUM",
    )  # fmt: skip
    ends = []
    for day in sessions.sessions(DAY, dt.date(2026, 11, 30)):
        close_ms = clock.epoch_ms(sessions.close_of(day))
        daily_run.scan_daily_bar(DueBar(close_ms, close_ms + DAY_EVALUATED_AFTER_MS))
        ends.append(SignalEvent.objects.count())
    assert ends == [0, 0, 1, 1]
    event = SignalEvent.objects.get()
    assert (event.signal_id, event.kind, event.timestamp, event.price) == (
        signal.id,
        "TARGET_HIT",
        MEASURED,
        None,
    )
    assert event.details == {
        "predicted": -21.27, "actual": -20.0, "before": 60.0, "after": 40.0, "contract": ticker(LATER, "P", 270),
    }  # fmt: skip
    drop_partitions()
