from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from quant import sessions


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2026-01-15", "14:30", "21:00"),  # standard time
        ("2026-07-15", "13:30", "20:00"),  # daylight saving time
        ("2026-03-06", "14:30", "21:00"),  # the last session before daylight saving time
        ("2026-03-09", "13:30", "20:00"),
        ("2026-10-30", "13:30", "20:00"),  # the last session before standard time
        ("2026-11-02", "14:30", "21:00"),
        ("2026-11-27", "14:30", "18:00"),  # the day after Thanksgiving
        ("2026-12-24", "14:30", "18:00"),
        ("2025-07-03", "13:30", "17:00"),
        ("2018-01-02", "14:30", "21:00"),
        ("2023-09-14", "13:30", "20:00"),
        ("1999-06-01", "13:30", "20:00"),
    ],
)
def test_sessions_open_and_close_at_the_expected_instants(date, opens, closes):
    assert sessions.open_of(day(date)) == utc(f"{date} {opens}")
    assert sessions.close_of(day(date)) == utc(f"{date} {closes}")


@pytest.mark.parametrize(
    "date",
    [
        "2026-11-26",  # Thanksgiving
        "2026-04-03",  # Good Friday
        "2030-04-19",  # Good Friday
        "2026-07-03",  # Independence Day, observed
        "2022-06-20",  # Juneteenth, observed
        "2025-01-09",  # mourning for President Carter
        "2018-12-05",  # mourning for President Bush
        "2012-10-29",  # Hurricane Sandy
        "2026-11-21",  # a Saturday
    ],
)
def test_days_without_a_session_have_no_slots_and_no_close(date):
    assert sessions.slots(day(date)) == []
    assert sessions.session_of(utc(f"{date} 16:00")) is None
    assert not sessions.is_open(utc(f"{date} 16:00"))
    with pytest.raises(ValueError, match=f"{date} is no session"):
        sessions.close_of(day(date))


def test_a_session_includes_its_open_and_excludes_its_close():
    assert not sessions.is_open(utc("2026-11-20 14:29:59.999999"))
    assert sessions.is_open(utc("2026-11-20 14:30"))
    assert sessions.is_open(utc("2026-11-20 20:59:59.999999"))
    assert not sessions.is_open(utc("2026-11-20 21:00"))
    assert not sessions.is_open(utc("2026-11-27 18:00"))


def test_the_closing_slot_belongs_to_its_session():
    assert sessions.session_of(utc("2026-11-20 21:00")) == day("2026-11-20")
    assert sessions.session_of(utc("2026-11-20 21:00:01")) is None
    assert sessions.session_of(utc("2026-11-20 14:29:59")) is None


def test_instants_may_have_any_time_zone():
    tokyo = dt.datetime(2026, 11, 21, 0, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert sessions.session_of(tokyo) == day("2026-11-20")
    assert sessions.new_york_date(utc("2026-11-21 04:59")) == day("2026-11-20")


def test_an_instant_without_time_zone_raises():
    naive = dt.datetime(2026, 11, 20, 15, 0)  # noqa: DTZ001 - the error under test
    for function in (sessions.is_open, sessions.session_of, sessions.new_york_date):
        with pytest.raises(ValueError, match="needs a time zone"):
            function(naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        sessions.years_to_expiry("SPY", day("2026-12-18"), naive)


def test_a_datetime_instead_of_a_date_raises():
    with pytest.raises(TypeError, match="by a date, not by an instant"):
        sessions.slots(utc("2026-11-20 15:00"))


def test_a_full_session_has_27_slots_and_an_early_close_15():
    full, short = sessions.slots(day("2026-11-20")), sessions.slots(day("2026-11-27"))
    assert (len(full), full[0], full[1], full[-1]) == (
        27,
        utc("2026-11-20 14:30"),
        utc("2026-11-20 14:45"),
        utc("2026-11-20 21:00"),
    )
    assert (len(short), short[-1]) == (15, utc("2026-11-27 18:00"))
    assert full[0].tzinfo is dt.UTC


def test_the_close_is_a_slot_at_any_cadence():
    hourly = sessions.slots(day("2026-11-20"), every_minutes=60)
    assert (len(hourly), hourly[-2], hourly[-1]) == (8, utc("2026-11-20 20:30"), utc("2026-11-20 21:00"))
    assert len(sessions.slots(day("2026-11-20"), every_minutes=1)) == 391
    assert sessions.slots(day("2026-11-20"), every_minutes=10_000) == [
        utc("2026-11-20 14:30"),
        utc("2026-11-20 21:00"),
    ]


@pytest.mark.parametrize("minutes", [0, -15])
def test_slots_need_a_positive_cadence(minutes):
    with pytest.raises(ValueError, match="positive number of minutes"):
        sessions.slots(day("2026-11-20"), every_minutes=minutes)


def test_index_options_close_15_minutes_after_the_session():
    assert sessions.index_close_of(day("2026-11-20")) == utc("2026-11-20 21:15")
    assert sessions.index_close_of(day("2026-11-27")) == utc("2026-11-27 18:15")
    assert sessions.index_close_of(day("2026-12-24")) == utc("2026-12-24 18:15")


def test_previous_and_next_session_skip_weekends_and_holidays():
    assert sessions.previous_session(day("2026-11-27")) == day("2026-11-25")
    assert sessions.next_session(day("2026-11-25")) == day("2026-11-27")
    assert sessions.previous_session(day("2026-11-22")) == day("2026-11-20")
    assert sessions.next_session(day("2025-01-08")) == day("2025-01-10")


def test_a_range_of_sessions_includes_both_ends():
    assert sessions.sessions(day("2026-11-25"), day("2026-11-30")) == [
        day("2026-11-25"),
        day("2026-11-27"),
        day("2026-11-30"),
    ]
    assert sessions.sessions(day("2026-11-30"), day("2026-11-25")) == []
    assert len(sessions.sessions(day("2025-01-01"), day("2025-12-31"))) == 250


def test_sessions_of_an_array_have_consecutive_numbers_and_their_hours():
    days = np.array(["2026-11-25", "2026-11-27", "2026-11-30"], dtype="datetime64[D]")
    numbers = sessions.session_numbers(days)
    assert (numbers - numbers[0]).tolist() == [0, 1, 2]
    expected = [
        [each(one).timestamp() * 1000 for one in days.tolist()]
        for each in (sessions.open_of, sessions.close_of)
    ]
    assert sessions.hours_ms(days).tolist() == expected
    with pytest.raises(ValueError, match="2026-11-26 is no session"):
        sessions.hours_ms(np.array(["2026-11-26"], dtype="datetime64[D]"))


def test_sessions_beyond_the_calendar_raise():
    with pytest.raises(ValueError, match="2099-12-31"):
        sessions.next_session(day("2099-12-31"))
    with pytest.raises(ValueError, match="1990-01-02"):
        sessions.previous_session(day("1990-01-02"))


def test_the_market_clock_adds_its_offset():
    before = dt.datetime.now(dt.UTC)
    moved = sessions.market_now(-86_400_000)
    after = dt.datetime.now(dt.UTC)
    assert before <= moved + dt.timedelta(days=1) <= after
    assert moved.tzinfo is dt.UTC
