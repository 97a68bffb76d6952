"""The calendar is held against the provider's; where they disagree the provider wins, for fetching and for all."""

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
# The New York Stock Exchange in a list of coming days the provider sent on 28 April 2022.
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


# What the exchange calendar has from 18 November 2026 to the year's end.
REGULAR = [coming("2026-11-26"), coming("2026-11-27", "early-close"), coming("2026-12-24", "early-close")]


@pytest.fixture
def asked(spx, provider, monkeypatch):
    """The provider of the watch, which agrees with the calendar until it is told otherwise."""
    monkeypatch.setattr(
        calendar_watch, "massive_client", lambda: MassiveClient(provider.url, "key", timeout_seconds=1)
    )
    provider.tell(STATUS, ok({"market": "open"}))
    return provider


def sent(*rows: tuple[str, str]):
    return ok(
        [{"date": date, "exchange": "NYSE", "name": "Some day", "status": status} for date, status in rows]
    )


def test_a_recorded_list_agrees_with_the_calendar_for_eight_months():
    assert listed_disagreements([coming(*row) for row in RECORDED], dt.date(2022, 4, 28)) == []


def test_a_day_of_mourning_is_a_disagreement_and_so_is_another_early_close():
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


def test_a_holiday_the_provider_does_not_list_is_a_session():
    (found,) = disagreements(OPEN, REGULAR[1:], TODAY)
    assert found.day.isoformat() == "2026-11-26"
    assert found.actual == market_days.Hours(
        datetime(2026, 11, 26, 14, 30, tzinfo=UTC), datetime(2026, 11, 26, 21, tzinfo=UTC)
    )


def test_days_past_the_end_of_the_list_are_nobodys_claim():
    assert disagreements(OPEN, REGULAR[:2], TODAY) == []
    assert disagreements(OPEN, [], TODAY) == []


def test_a_market_that_is_closed_in_the_session_ends_the_days_fetching(asked, spx):
    asked.forget()
    asked.tell(STATUS, ok({"market": "closed"}))
    asked.tell(UPCOMING, sent())
    assert [due.slot for due in due_chains(clock.now())] == [SLOT_MS]
    assert watch_calendar(clock.now()) == "1 disagreements, 1 of them new"
    assert due_chains(clock.now()) == []


def test_a_session_the_calendar_does_not_know_is_fetched(asked, spx, at_market_time):
    asked.tell(UPCOMING, sent(("2026-12-25", "closed")))  # Thanksgiving is not in it
    watch_calendar(clock.now())
    at_market_time(datetime(2026, 11, 26, 15, 0, tzinfo=UTC))
    assert [due.symbol for due in due_chains(clock.now())] == ["SPX"]


def test_the_watch_runs_once_a_session_and_never_outside_one(asked, spx, at_market_time):
    asked.tell(UPCOMING, sent())
    assert watch_calendar(clock.now()) == "0 disagreements, 0 of them new"
    assert watch_calendar(clock.now()) == "already done"
    for instant in (datetime(2026, 11, 19, 14, 31, tzinfo=UTC), datetime(2026, 11, 21, 16, tzinfo=UTC)):
        at_market_time(instant)
        assert watch_calendar(clock.now()) == "no session"
    assert IngestionRun.objects.filter(task="watch_calendar").count() == 1


def test_a_provider_that_is_away_is_asked_again_at_the_next_poll(asked, spx):
    asked.tell(UPCOMING, refusal(403), sent())
    assert watch_calendar(clock.now()).startswith("failed: ")
    assert watch_calendar(clock.now()) == "0 disagreements, 0 of them new"


def test_an_exception_the_provider_makes_no_longer_is_forgotten(asked, spx):
    market_days.overrule(dt.date(2026, 11, 20), None, "was listed yesterday")
    market_days.overrule(dt.date(2026, 11, 10), None, "past")
    asked.tell(UPCOMING, sent(("2026-11-26", "closed")))
    watch_calendar(clock.now())
    assert [str(row.date) for row in SessionException.objects.all()] == ["2026-11-10"]


def test_a_disagreement_is_told_once(asked, spx, redis_client, settings):
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
def test_the_writer_notes_exceptions_and_the_reader_sees_them():
    with as_role("warehouse_writer"):
        assert market_days.overrule(dt.date(2026, 11, 19), None, "why")
        assert not market_days.overrule(dt.date(2026, 11, 19), None, "why")
    with as_role("warehouse_reader"):
        assert run("SELECT reason FROM session_exceptions") == [("why",)]
