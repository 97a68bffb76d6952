"""The sessions that take place: the exchange calendar with the exceptions of the table."""

from __future__ import annotations

import datetime as dt

import pytest

from quant.sessions import NEW_YORK
from warehouse import clock, market_days
from warehouse.market_days import Hours, MarketDays
from warehouse.models import SessionException

MONDAY = dt.date(2026, 11, 23)
CLOSED, SHORT, ADDED = (MONDAY + dt.timedelta(days=each) for each in (1, 2, 3))  # Thursday is Thanksgiving


def at(day, text):
    return dt.datetime.combine(day, dt.time.fromisoformat(text), NEW_YORK)


DAYS = MarketDays(
    (
        (CLOSED, None),
        (SHORT, Hours(at(SHORT, "09:30"), at(SHORT, "11:00"))),
        (ADDED, Hours(at(ADDED, "10:00"), at(ADDED, "12:00"))),
    )
)


def test_exceptions_remove_shorten_and_add_sessions():
    week = DAYS.sessions(MONDAY, MONDAY + dt.timedelta(days=6))
    assert [day.day for day in week] == [23, 25, 26, 27]
    assert DAYS.hours(CLOSED) is None
    assert DAYS.hours_ms(SHORT) == (clock.epoch_ms(at(SHORT, "09:30")), clock.epoch_ms(at(SHORT, "11:00")))
    assert DAYS.hours_ms(MONDAY)[1] == clock.epoch_ms(at(MONDAY, "16:00"))
    assert [len(DAYS.slots_ms(day)) for day in (MONDAY, CLOSED, SHORT, ADDED)] == [27, 0, 7, 9]
    with pytest.raises(ValueError, match="2026-11-24 is no session"):
        DAYS.hours_ms(CLOSED)


def test_sessions_before_and_after_a_day_are_counted_with_the_exceptions():
    assert DAYS.before(SHORT, 1) == MONDAY
    assert DAYS.before(MONDAY + dt.timedelta(days=7), 4) == SHORT - dt.timedelta(days=2)
    assert DAYS.before(SHORT, 0) == SHORT
    assert DAYS.following(MONDAY) == SHORT
    assert DAYS.following(SHORT) == ADDED
    assert MarketDays().before(dt.date(2026, 1, 2), 800) == dt.date(2022, 10, 24)


@pytest.mark.parametrize(
    ("day", "count"), [(dt.date(1990, 1, 2), 1), (dt.date(1990, 3, 1), 800), (dt.date(1, 1, 1), 1)]
)
def test_a_session_before_the_calendar_is_refused(day, count):
    with pytest.raises(ValueError, match=f"The exchange calendar has no {count} sessions before {day}"):
        MarketDays().before(day, count)


@pytest.mark.database
@pytest.mark.django_db
def test_exceptions_are_read_from_the_table():
    assert market_days.read() == MarketDays()
    for day, hours in DAYS.exceptions:
        market_days.overrule(day, hours, "test")
    assert market_days.read() == DAYS
    SessionException.objects.all().delete()
    assert market_days.read() == MarketDays()


def test_the_hours_of_a_range_are_those_of_each_session_with_its_exceptions():
    first, last = dt.date(2026, 11, 23), dt.date(2026, 12, 4)
    early = Hours(*(dt.datetime(2026, 11, 24, hour, 30, tzinfo=dt.UTC) for hour in (14, 16)))
    for exceptions in ((), ((dt.date(2026, 11, 24), early), (dt.date(2026, 12, 1), None))):
        days = MarketDays(exceptions)
        found = days.sessions_with_hours(first, last)
        assert found[0].tolist() == days.sessions(first, last)
        assert list(zip(*(column.tolist() for column in found[1:]), strict=True)) == [
            days.hours_ms(day) for day in days.sessions(first, last)
        ]
