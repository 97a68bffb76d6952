"""Hours of the session of a signal, also of one that is not in the exchange's calendar."""

from __future__ import annotations

from datetime import UTC, datetime

from warehouse import clock
from web.signals.session_hours import hours_ms


def at(day: int, hour: int, minute: int = 0) -> int:
    return clock.epoch_ms(datetime(2026, 11, day, hour, minute, tzinfo=UTC))


def test_hours_are_those_of_the_calendar():
    assert hours_ms(at(24, 16)) == (at(24, 14, 30), at(24, 21))
    assert hours_ms(at(27, 16)) == (at(27, 14, 30), at(27, 18))


def test_a_bar_outside_the_calendar_ends_its_session():
    assert hours_ms(at(29, 21)) == (at(29, 14, 30), at(29, 21))
