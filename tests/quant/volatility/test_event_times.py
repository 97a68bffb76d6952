"""Instants of events by what is known of their time of day."""

from __future__ import annotations

import datetime as dt

import pytest

from quant.volatility.event_times import event_at, event_hours

DAY, SATURDAY = dt.date(2026, 11, 18), dt.date(2026, 11, 21)


def utc(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("timing", "at"),
    [
        ("BEFORE_OPEN", utc(18, 13, 30)),
        ("AFTER_CLOSE", utc(18, 22)),
        ("DURING", utc(18, 17, 45)),
        ("UNKNOWN", utc(18, 17, 45)),
    ],
)
def test_an_event_has_one_instant(timing, at):
    assert event_at(DAY, timing) == at


def test_an_event_on_a_day_without_a_session_is_before_the_next_open():
    assert event_at(SATURDAY, "AFTER_CLOSE") == utc(23, 13, 30)
    assert event_hours(SATURDAY, "UNKNOWN") == (utc(23, 13, 30), utc(23, 13, 30))


def test_an_event_of_unknown_time_is_between_open_and_close():
    assert event_hours(DAY, "UNKNOWN") == (utc(18, 14, 30), utc(18, 21))
    assert event_hours(DAY, "AFTER_CLOSE") == (utc(18, 22), utc(18, 22))
