"""Clock of the simulated market. Session hours are from the published calendar of the New York Stock Exchange."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from local.launch.market_clock import offset_for, offset_now

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)


def given(last: dt.date) -> dt.date:
    """Return the session itself: each one can be shown."""
    return last


def moved(instant: dt.datetime, offset_ms: int) -> dt.datetime:
    return instant + dt.timedelta(milliseconds=offset_ms)


@pytest.mark.parametrize(
    ("now", "market"),
    [
        ("2026-11-20T12:43:00", "2026-11-20T12:43:00"),
        ("2026-11-20T12:42:59", "2026-11-19T12:43:00"),
        ("2026-11-20T15:59:00", "2026-11-20T12:43:00"),
        ("2026-11-20T23:59:59", "2026-11-20T12:43:00"),
        ("2026-11-22T12:00:00", "2026-11-20T12:43:00"),  # a Sunday
        ("2026-11-26T18:00:00", "2026-11-25T12:43:00"),  # Thanksgiving
        ("2026-11-27T20:00:00", "2026-11-25T12:43:00"),  # the early close on the day after Thanksgiving
    ],
)
def test_the_clock_starts_in_the_middle_of_the_last_full_session(now: str, market: str) -> None:
    assert moved(at(now), offset_now(at(now), None, given)) == at(market)


@pytest.mark.parametrize(
    ("newest", "market"),
    [
        ("2026-11-18T15:00:00", "2026-11-20T12:43:00"),  # recorded before the last full session
        ("2026-11-20T12:43:00", "2026-11-20T12:43:00"),
        ("2026-11-20T14:10:30", "2026-11-20T14:10:30"),
        ("2026-11-20T16:00:00", "2026-11-23T12:43:00"),  # the instant of a Friday's close
        ("2026-11-23T08:00:00", "2026-11-23T12:43:00"),  # before the open
        ("2026-11-25T20:00:00", "2026-11-30T12:43:00"),  # the next full session is after the early close
    ],
)
def test_the_clock_does_not_go_back_into_recorded_time(newest: str, market: str) -> None:
    now = at("2026-11-21T04:00:00")
    assert moved(now, offset_now(now, at(newest), given)) == at(market)


@pytest.mark.parametrize(
    ("newest", "market"),
    [
        (None, "2026-11-18T12:43:00"),
        ("2026-11-17T15:00:00", "2026-11-18T12:43:00"),
        ("2026-11-18T13:00:00", "2026-11-18T13:00:00"),  # it continues rather than begins again
        ("2026-11-19T17:00:00", "2026-11-20T12:43:00"),
        ("2026-11-20T13:00:00", "2026-11-20T13:00:00"),
    ],
)
def test_the_clock_starts_in_the_session_that_can_be_shown(newest: str | None, market: str) -> None:
    now = at("2026-11-21T04:00:00")
    recorded = None if newest is None else at(newest)
    assert moved(now, offset_now(now, recorded, lambda _: dt.date(2026, 11, 18))) == at(market)


@pytest.mark.parametrize(
    ("stamp", "market"),
    [
        ("2023-09-14T16:31:00", "2023-09-14T16:00:05"),
        ("2023-09-14T11:20:00", "2023-09-14T11:20:00"),
        ("2022-02-05T20:09:00", "2022-02-04T16:00:05"),  # a Saturday
        ("2022-06-11T20:47:00", "2022-06-10T16:00:05"),
    ],
)
def test_a_recorded_chain_is_served_in_its_own_session(stamp: str, market: str) -> None:
    now = at("2026-11-21T04:00:00")
    assert moved(now, offset_for(at(stamp), now)) == at(market)
