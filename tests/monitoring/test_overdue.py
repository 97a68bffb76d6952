"""Overdue jobs are reported by health and sent as alerts once per job and session."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitoring.alert_rules import send_due_alerts
from monitoring.checks import Check, Health
from monitoring.overdue import check_daily_work
from quant.sessions import DAY_MS, close_of
from tests.webhook import Webhook
from warehouse import clock, heartbeats, market_days, runs
from warehouse.heartbeats import HeartbeatWriter
from warehouse.models import Heartbeat, IngestionRun, WatchlistEntry
from warehouse.task_names import RunTask

pytestmark = pytest.mark.database

CLOSE = datetime(2026, 11, 18, 21, 0, tzinfo=UTC)
WEDNESDAY = CLOSE.date()
MINUTE = timedelta(minutes=1)
OF_WEDNESDAY = [
    f"{task} for 2026-11-18 is not done two hours after the close"
    for task in (
        "store_bars of SPX",
        "calculate_iv_percentile of SPX",
        "store_surface of SPX",
        "calculate_market_regime",
        "roll_up",
    )
]
NO_RETENTION = "keep_retention is due once a day and was never done"


@pytest.fixture
def evening(spx, at_market_time):
    """Sets the clock; a beat has led for a day, and retention was done in the night before."""

    def come(instant: datetime) -> None:
        at_market_time(instant)
        Heartbeat.objects.all().delete()
        HeartbeatWriter("beat").write(leads=True)
        lead_since(DAY_MS)

    WatchlistEntry.objects.update(active_since_ms=clock.epoch_ms(CLOSE) - DAY_MS // 2)
    with runs.claim(RunTask.KEEP_RETENTION, "", clock.epoch_ms(CLOSE) // DAY_MS * DAY_MS) as run:
        runs.finish(run)
    return come


def lead_since(milliseconds_ago: int) -> None:
    beat = Heartbeat.objects.get()
    beat.metadata["started_ms"] = clock.now_ms() - milliseconds_ago
    beat.save()


def check() -> Check:
    return check_daily_work(clock.now(), heartbeats.read(clock.now_ms()))


def finish(task: str, symbol: str = "", session: date = WEDNESDAY) -> None:
    with runs.claim(task, symbol, clock.epoch_ms(close_of(session))) as run:
        runs.finish(run)


def test_jobs_of_a_session_are_overdue_two_hours_after_its_close(evening):
    evening(CLOSE + timedelta(hours=2) - MINUTE)
    assert check().health is Health.OK
    evening(CLOSE + timedelta(hours=2))
    assert (check().health, check().detail) == (Health.DEGRADED, "; ".join(OF_WEDNESDAY))


def test_done_and_failed_jobs_are_not_overdue_but_unended_ones_are(evening):
    evening(CLOSE + timedelta(hours=3))
    finish("store_bars", "SPX")
    with runs.claim("calculate_market_regime", "", clock.epoch_ms(CLOSE)) as run:
        runs.fail(run, "the provider is away")
    with pytest.raises(KeyboardInterrupt), runs.claim("roll_up", "", clock.epoch_ms(CLOSE)):
        raise KeyboardInterrupt
    assert check().detail == f"{OF_WEDNESDAY[1]}; {OF_WEDNESDAY[2]}; {OF_WEDNESDAY[4]}"


def test_only_the_oldest_overdue_session_of_a_job_is_reported(evening):
    evening(CLOSE + timedelta(days=2, hours=3))
    assert check().figures["overdue"] == 6  # retention too, by now
    finish("roll_up")
    assert "roll_up for 2026-11-19 is not done two hours after the close" in check().detail


def test_nothing_is_overdue_in_the_first_hour_of_a_beat(evening):
    evening(CLOSE + timedelta(hours=20))
    lead_since(3_590_000)
    assert check().health is Health.OK
    lead_since(3_600_001)
    assert check().detail == "; ".join(OF_WEDNESDAY)


def test_a_session_closed_by_the_provider_has_no_jobs(evening):
    market_days.overrule(WEDNESDAY, None, "a day of mourning")
    evening(CLOSE + timedelta(hours=3))
    assert check().health is Health.OK


def test_retention_is_overdue_after_a_day_and_two_hours(evening):
    WatchlistEntry.objects.update(ingest_chain=False)
    midnight = datetime(2026, 11, 18, tzinfo=UTC)
    evening(midnight + timedelta(hours=26) - MINUTE)
    assert check().health is Health.OK
    evening(midnight + timedelta(hours=26, seconds=1))
    assert check().detail == "keep_retention is due once a day and was last done on 2026-11-18"
    IngestionRun.objects.all().delete()
    assert check().detail == NO_RETENTION


def test_each_overdue_job_and_session_is_sent_once(evening, redis_client, settings):
    evening(CLOSE + timedelta(hours=3))
    webhook = Webhook()
    try:
        settings.ALERT_WEBHOOK_URL = webhook.url
        assert send_due_alerts(clock.now()) == 5
        assert send_due_alerts(clock.now()) == 0
        assert webhook.texts == OF_WEDNESDAY
        finish("roll_up")
        evening(CLOSE + timedelta(days=1, hours=2))
        assert send_due_alerts(clock.now()) == 2
        assert webhook.texts[5:] == [
            "roll_up for 2026-11-19 is not done two hours after the close",
            "keep_retention is due once a day and was last done on 2026-11-18",
        ]
    finally:
        webhook.stop()
