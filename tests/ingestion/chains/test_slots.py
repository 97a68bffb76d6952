"""Slots: 27 on a full session, each open until the next, none outside sessions."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingestion.chains.slots import due, over, parse_window, slots_of
from quant.sessions import new_york_date

FULL_DAY = date(2026, 11, 18)  # 09:30 New York is 14:30 UTC
EARLY_CLOSE = date(2026, 11, 27)  # 13:00
SATURDAY = date(2026, 11, 21)


def utc(hour, minute, second=0):
    return datetime(2026, 11, 18, hour, minute, second, tzinfo=UTC)


def test_a_full_day_has_27_slots_and_an_early_close_15():
    assert len(slots_of(FULL_DAY)) == 27
    assert len(slots_of(EARLY_CLOSE)) == 15
    assert slots_of(SATURDAY) == []


def test_a_slot_is_open_until_the_next_and_the_last_for_15_minutes():
    slots = slots_of(FULL_DAY)
    assert (slots[0].at, slots[0].deadline) == (utc(14, 30), utc(14, 45))
    assert (slots[-1].at, slots[-1].deadline) == (utc(21, 0), utc(21, 15))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (utc(14, 29, 59), None),
        (utc(14, 30), utc(14, 30)),
        (utc(14, 44, 59), utc(14, 30)),
        (utc(14, 45), utc(14, 45)),
        (utc(21, 14, 59), utc(21, 0)),
        (utc(21, 15), None),
    ],
)
def test_the_slot_that_is_due(now, expected):
    slot = due(slots_of(FULL_DAY), now)
    assert (slot and slot.at) == expected


def test_passed_slots_start_when_the_symbol_is_watched():
    past = over(slots_of(FULL_DAY), now=utc(15, 20), since=utc(14, 40))
    assert [slot.at for slot in past] == [utc(14, 45), utc(15, 0)]


def test_slots_follow_a_given_cadence_and_window():
    slots = slots_of(FULL_DAY, every_minutes=30, window="10:00-11:00")
    assert [slot.at for slot in slots] == [utc(15, 0), utc(15, 30), utc(16, 0)]
    assert slots[-1].deadline == utc(16, 30)


@pytest.mark.parametrize("window", ["", "9-16", "16:00-09:30", "09:30"])
def test_an_invalid_window_is_rejected_with_one_sentence(window):
    with pytest.raises(ValueError, match="window must look like 09:30-16:00"):
        parse_window(window)


def test_a_cadence_of_zero_minutes_is_rejected():
    with pytest.raises(ValueError, match="every_minutes must be between 1 and 390"):
        slots_of(FULL_DAY, every_minutes=0)


def test_the_session_of_an_evening_instant_is_the_new_york_date():
    assert new_york_date(datetime(2026, 11, 19, 3, 0, tzinfo=UTC)) == FULL_DAY
