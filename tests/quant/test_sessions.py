from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from quant import sessions


def utc(text):
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def day(text):
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("date", "opens", "closes"),
    [
        ("2026-01-15", "14:30", "21:00"),  # winter time
        ("2026-07-15", "13:30", "20:00"),  # daylight time
        ("2026-03-06", "14:30", "21:00"),  # the last session before the clocks go forward
        ("2026-03-09", "13:30", "20:00"),
        ("2026-10-30", "13:30", "20:00"),  # the last session before they go back
        ("2026-11-02", "14:30", "21:00"),
        ("2026-11-27", "14:30", "18:00"),  # the day after Thanksgiving
        ("2026-12-24", "14:30", "18:00"),
        ("2025-07-03", "13:30", "17:00"),
        ("2018-01-02", "14:30", "21:00"),
        ("2023-09-14", "13:30", "20:00"),
        ("1999-06-01", "13:30", "20:00"),
    ],
)
def test_sessions_open_and_close_at_these_instants(date, opens, closes):
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
        "2012-10-29",  # hurricane Sandy
        "2026-11-21",  # a Saturday
    ],
)
def test_days_without_a_session_have_no_instants(date):
    assert sessions.slots(day(date)) == []
    assert sessions.session_of(utc(f"{date} 16:00")) is None
    assert not sessions.is_open(utc(f"{date} 16:00"))
    with pytest.raises(ValueError, match=f"{date} is no session"):
        sessions.close_of(day(date))


def test_a_session_is_open_from_its_opening_until_just_before_its_close():
    assert not sessions.is_open(utc("2026-11-20 14:29:59.999999"))
    assert sessions.is_open(utc("2026-11-20 14:30"))
    assert sessions.is_open(utc("2026-11-20 20:59:59.999999"))
    assert not sessions.is_open(utc("2026-11-20 21:00"))
    assert not sessions.is_open(utc("2026-11-27 18:00"))


def test_the_closing_slot_still_belongs_to_its_session():
    assert sessions.session_of(utc("2026-11-20 21:00")) == day("2026-11-20")
    assert sessions.session_of(utc("2026-11-20 21:00:01")) is None
    assert sessions.session_of(utc("2026-11-20 14:29:59")) is None


def test_instants_are_understood_in_any_time_zone():
    tokyo = dt.datetime(2026, 11, 21, 0, 0, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert sessions.session_of(tokyo) == day("2026-11-20")
    assert sessions.new_york_date(utc("2026-11-21 04:59")) == day("2026-11-20")


def test_an_instant_without_time_zone_is_refused():
    naive = dt.datetime(2026, 11, 20, 15, 0)  # noqa: DTZ001 - the mistake under test
    for ask in (sessions.is_open, sessions.session_of, sessions.new_york_date):
        with pytest.raises(ValueError, match="needs a time zone"):
            ask(naive)
    with pytest.raises(ValueError, match="needs a time zone"):
        sessions.years_to_expiry("SPY", day("2026-12-18"), naive)


def test_an_instant_is_not_taken_for_a_date():
    with pytest.raises(TypeError, match="by date"):
        sessions.slots(utc("2026-11-20 15:00"))


def test_a_full_day_has_27_slots_and_a_short_one_15():
    full, short = sessions.slots(day("2026-11-20")), sessions.slots(day("2026-11-27"))
    assert (len(full), full[0], full[1], full[-1]) == (
        27,
        utc("2026-11-20 14:30"),
        utc("2026-11-20 14:45"),
        utc("2026-11-20 21:00"),
    )
    assert (len(short), short[-1]) == (15, utc("2026-11-27 18:00"))
    assert full[0].tzinfo is dt.UTC


def test_the_close_is_a_slot_at_any_spacing():
    hourly = sessions.slots(day("2026-11-20"), every_minutes=60)
    assert (len(hourly), hourly[-2], hourly[-1]) == (8, utc("2026-11-20 20:30"), utc("2026-11-20 21:00"))
    assert len(sessions.slots(day("2026-11-20"), every_minutes=1)) == 391
    assert sessions.slots(day("2026-11-20"), every_minutes=10_000) == [
        utc("2026-11-20 14:30"),
        utc("2026-11-20 21:00"),
    ]


@pytest.mark.parametrize("minutes", [0, -15])
def test_slots_need_a_positive_spacing(minutes):
    with pytest.raises(ValueError, match="positive number of minutes"):
        sessions.slots(day("2026-11-20"), every_minutes=minutes)


def test_index_options_trade_a_quarter_of_an_hour_longer():
    assert sessions.index_close_of(day("2026-11-20")) == utc("2026-11-20 21:15")
    assert sessions.index_close_of(day("2026-11-27")) == utc("2026-11-27 18:15")
    assert sessions.index_close_of(day("2026-12-24")) == utc("2026-12-24 18:15")


def test_neighbouring_sessions_step_over_weekends_and_holidays():
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


def test_questions_beyond_the_calendar_are_refused():
    with pytest.raises(ValueError, match="2099-12-31"):
        sessions.next_session(day("2099-12-31"))
    with pytest.raises(ValueError, match="1990-01-02"):
        sessions.previous_session(day("1990-01-02"))


def test_the_market_clock_runs_with_its_offset():
    before = dt.datetime.now(dt.UTC)
    moved = sessions.market_now(-86_400_000)
    after = dt.datetime.now(dt.UTC)
    assert before <= moved + dt.timedelta(days=1) <= after
    assert moved.tzinfo is dt.UTC
