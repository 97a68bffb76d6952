"""Clock of the simulated market. Session hours are from the published calendar of the New York Stock Exchange."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from local.launch.market_clock import offset_for, offset_now

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(dt.UTC)


def moved(instant: dt.datetime, offset_ms: int) -> dt.datetime:
    return instant + dt.timedelta(milliseconds=offset_ms)


@pytest.mark.parametrize(
    ("now", "market"),
    [
        ("2026-11-20T10:00:00", "2026-11-20T10:00:00"),  # in a session: unchanged
        ("2026-11-20T09:30:00", "2026-11-20T09:30:00"),
        ("2026-11-20T16:00:00", "2026-11-20T15:45:05"),  # the instant of the close
        ("2026-11-20T23:59:59", "2026-11-20T15:45:05"),
        ("2026-11-20T03:00:00", "2026-11-19T15:45:05"),  # before the open: the session before
        ("2026-11-22T12:00:00", "2026-11-20T15:45:05"),  # a Sunday
        ("2026-11-26T12:00:00", "2026-11-25T15:45:05"),  # Thanksgiving
        (
            "2026-11-27T20:00:00",
            "2026-11-27T12:45:05",
        ),  # the early close at 13:00 on the day after Thanksgiving
    ],
)
def test_outside_a_session_the_clock_is_in_the_last_quarter_of_an_hour(now: str, market: str) -> None:
    assert moved(at(now), offset_now(at(now))) == at(market)


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
