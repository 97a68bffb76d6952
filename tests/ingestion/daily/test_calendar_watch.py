"""Comparison of the exchange calendar with the provider's; if they differ, the provider's is used everywhere."""

from __future__ import annotations

import datetime as dt
from datetime import UTC, datetime

import pytest

from ingestion.chains.due import due_chains
from ingestion.daily import calendar_watch
from ingestion.daily.calendar_watch import disagreements, listed_disagreements, watch_calendar
from monitoring import alert_rules
from provider.client import MassiveClient
from provider.reference import Holiday, MarketStatus
from tests.ingestion.market import SLOT, SLOT_MS
from tests.provider.server import ok, refusal
from tests.roles import as_role, run
from tests.webhook import Webhook
from warehouse import clock, market_days
from warehouse.models import IngestionRun, SessionException

pytestmark = pytest.mark.database

TODAY = SLOT.date()
STATUS, UPCOMING = "/v1/marketstatus/now", "/v1/marketstatus/upcoming"
OPEN = MarketStatus(market="open")
# Rows of the New York Stock Exchange in a list that the provider sent on 28 April 2022.
RECORDED = [
    ("2022-05-30", "closed"),
    ("2022-06-20", "closed"),
    ("2022-07-04", "closed"),
    ("2022-09-05", "closed"),
    ("2022-11-24", "closed"),
    ("2022-11-25", "early-close"),
    ("2022-12-26", "closed"),
]


def coming(date: str, status: str = "closed", hour: int = 18) -> Holiday:
    day = dt.date.fromisoformat(date)
    if status == "closed":
        return Holiday(day, "NYSE", "Some day", status)
    opens = datetime.combine(day, dt.time(14, 30), UTC)
    return Holiday(day, "NYSE", "Some day", status, opens, datetime.combine(day, dt.time(hour), UTC))


# The exchange calendar's exceptions from 18 November 2026 to the end of the year.
REGULAR = [coming("2026-11-26"), coming("2026-11-27", "early-close"), coming("2026-12-24", "early-close")]


@pytest.fixture
def calendar_provider(spx, provider, monkeypatch):
    """Return a provider whose answers agree with the calendar until a test changes them."""
    monkeypatch.setattr(
        calendar_watch, "massive_client", lambda: MassiveClient(provider.url, "key", timeout_seconds=30)
    )
    provider.tell(STATUS, ok({"market": "open"}))
    return provider


def sent(*rows: tuple[str, str]):
    return ok(
        [{"date": date, "exchange": "NYSE", "name": "Some day", "status": status} for date, status in rows]
    )


def test_recorded_list_agrees_with_the_calendar_for_eight_months():
    assert listed_disagreements([coming(*row) for row in RECORDED], dt.date(2022, 4, 28)) == []


def test_unscheduled_closure_and_other_early_close_are_differences():
    rows = [coming("2026-11-19"), *REGULAR[:1], coming("2026-11-27", "early-close", hour=17)]
    found = disagreements(OPEN, rows, TODAY)
    assert [(one.day.isoformat(), one.actual) for one in found] == [
        ("2026-11-19", None),
        (
            "2026-11-27",
            (datetime(2026, 11, 27, 14, 30, tzinfo=UTC), datetime(2026, 11, 27, 17, tzinfo=UTC)),
        ),
    ]
    assert found[0].reason == (
        "2026-11-19: provider: closed (Some day), calendar: open 09:30 to 16:00;"
        " the provider's hours are used"
    )


def test_holiday_that_the_provider_does_not_list_is_a_session():
    (found,) = disagreements(OPEN, REGULAR[1:], TODAY)
    assert found.day.isoformat() == "2026-11-26"
    assert found.actual == market_days.Hours(
        datetime(2026, 11, 26, 14, 30, tzinfo=UTC), datetime(2026, 11, 26, 21, tzinfo=UTC)
    )


def test_days_after_the_last_listed_day_are_not_compared():
    assert disagreements(OPEN, REGULAR[:2], TODAY) == []
    assert disagreements(OPEN, [], TODAY) == []


def test_market_closed_during_the_session_stops_fetching(calendar_provider, spx):
    calendar_provider.forget()
    calendar_provider.tell(STATUS, ok({"market": "closed"}))
    calendar_provider.tell(UPCOMING, sent())
    assert [due.slot for due in due_chains(clock.now())] == [SLOT_MS]
    assert watch_calendar(clock.now()) == "1 disagreements, 1 of them new"
    assert due_chains(clock.now()) == []


def test_session_missing_from_the_calendar_is_fetched(calendar_provider, spx, at_market_time):
    calendar_provider.tell(UPCOMING, sent(("2026-12-25", "closed")))  # without Thanksgiving
    watch_calendar(clock.now())
    at_market_time(datetime(2026, 11, 26, 15, 0, tzinfo=UTC))
    assert [due.symbol for due in due_chains(clock.now())] == ["SPX"]


def test_check_runs_once_per_session_and_never_outside_one(calendar_provider, spx, at_market_time):
    calendar_provider.tell(UPCOMING, sent())
    assert watch_calendar(clock.now()) == "0 disagreements, 0 of them new"
    assert watch_calendar(clock.now()) == "already done"
    for instant in (datetime(2026, 11, 19, 14, 31, tzinfo=UTC), datetime(2026, 11, 21, 16, tzinfo=UTC)):
        at_market_time(instant)
        assert watch_calendar(clock.now()) == "no session"
    assert IngestionRun.objects.filter(task="watch_calendar").count() == 1


def test_unreachable_provider_is_requested_again_at_the_next_poll(calendar_provider, spx):
    calendar_provider.tell(UPCOMING, refusal(403), sent())
    assert watch_calendar(clock.now()).startswith("failed: ")
    assert watch_calendar(clock.now()) == "0 disagreements, 0 of them new"


def test_exception_no_longer_listed_is_withdrawn(calendar_provider, spx):
    market_days.overrule(dt.date(2026, 11, 20), None, "was listed yesterday")
    market_days.overrule(dt.date(2026, 11, 10), None, "past")
    calendar_provider.tell(UPCOMING, sent(("2026-11-26", "closed")))
    watch_calendar(clock.now())
    assert [str(row.date) for row in SessionException.objects.all()] == ["2026-11-10"]


def test_difference_sends_one_alert(calendar_provider, spx, redis_client, settings):
    webhook = Webhook()
    try:
        settings.ALERT_WEBHOOK_URL = webhook.url
        market_days.overrule(dt.date(2026, 11, 19), None, "2026-11-19: a day of mourning")
        market_days.overrule(dt.date(2026, 11, 17), None, "past")
        alert_rules.send_due_alerts(clock.now())
        alert_rules.send_due_alerts(clock.now())
        assert webhook.texts == ["2026-11-19: a day of mourning"]
    finally:
        webhook.stop()


@pytest.mark.django_db
def test_writer_stores_exceptions_and_reader_reads_them():
    with as_role("warehouse_writer"):
        assert market_days.overrule(dt.date(2026, 11, 19), None, "why")
        assert not market_days.overrule(dt.date(2026, 11, 19), None, "why")
    with as_role("warehouse_reader"):
        assert run("SELECT reason FROM session_exceptions") == [("why",)]
