"""Crontabs, intervals, next runs and last results of schedules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from tests.web.admin.accounts import logged_in, member
from warehouse.models import IngestionRun
from web.schedules.times import last_result, next_run, next_run_in_words

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 18, 15, 2, 30, tzinfo=UTC)  # Wednesday, 10:02:30 New York
CRONTAB = "django_celery_beat_crontabschedule"


@pytest.fixture
def hourly(db):
    return CrontabSchedule.objects.create(minute="7")


@pytest.fixture
def entry(hourly):
    return PeriodicTask.objects.create(
        name="Option chains", task="ingestion.tasks.ingest_due", crontab=hourly
    )


@pytest.fixture
def operator(db):
    return logged_in(member("operator"))


def at(model: str, page: str, *keys: object) -> str:
    return reverse(f"admin:{model}_{page}", args=keys)


def test_a_crontab_that_schedules_use_is_not_deleted(operator, hourly, entry):
    PeriodicTask.objects.create(name="Health and alerts", task="t", crontab=hourly)
    for answer in (
        operator.get(at(CRONTAB, "delete", hourly.pk)),
        operator.post(at(CRONTAB, "delete", hourly.pk), {"post": "yes"}),
        operator.post(
            at(CRONTAB, "changelist"),
            {"action": "delete_selected", "_selected_action": [hourly.pk], "index": "0", "post": "yes"},
        ),
    ):
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "schedule Health and alerts" in page
        assert "schedule Option chains" in page
    assert PeriodicTask.objects.count() == 2
    assert LogEntry.objects.count() == 0


def test_an_unused_crontab_is_deleted(operator, entry):
    unused = CrontabSchedule.objects.create(minute="8")
    assert operator.post(at(CRONTAB, "delete", unused.pk), {"post": "yes"}).status_code == 302
    assert not CrontabSchedule.objects.filter(pk=unused.pk).exists()


def test_the_page_of_a_crontab_names_the_schedules_that_use_it(operator, hourly, entry):
    page = operator.get(at(CRONTAB, "change", hourly.pk)).content.decode()
    assert "Option chains" in page
    assert "At 7 minutes past the hour" in page


@pytest.mark.parametrize("kind", ["solarschedule", "clockedschedule"])
def test_kinds_of_schedules_that_are_not_used_have_no_page(kind):
    client = logged_in(User.objects.create_superuser("root"))
    assert client.get(f"/admin/django_celery_beat/{kind}/").status_code == 404
    assert kind not in client.get("/admin/django_celery_beat/").content.decode()


def test_intervals_are_listed_while_there_is_one():
    client = logged_in(User.objects.create_superuser("root"))
    address = '/admin/django_celery_beat/intervalschedule/"'
    assert address not in client.get("/admin/django_celery_beat/").content.decode()
    IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    assert client.get("/admin/django_celery_beat/").content.decode().count(address) >= 2


@pytest.mark.parametrize(
    ("crontab", "following"),
    [
        ({"minute": "*"}, datetime(2026, 11, 18, 15, 3, tzinfo=UTC)),
        ({"minute": "7"}, datetime(2026, 11, 18, 15, 7, tzinfo=UTC)),
        ({"minute": "*/5"}, datetime(2026, 11, 18, 15, 5, tzinfo=UTC)),
        (
            {"minute": "0", "hour": "9", "timezone": "America/New_York"},
            datetime(2026, 11, 19, 14, 0, tzinfo=UTC),
        ),
        ({"minute": "30", "hour": "21", "day_of_week": "1"}, datetime(2026, 11, 23, 21, 30, tzinfo=UTC)),
    ],
)
def test_the_next_run_is_the_next_instant_of_the_crontab(crontab, following):
    timing = CrontabSchedule.objects.create(**crontab)
    assert next_run(PeriodicTask(name="n", task="t", crontab=timing), NOW) == following


def test_next_runs_of_intervals_and_later_starts():
    minutes = IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    entry = PeriodicTask(name="n", task="t", interval=minutes, last_run_at=NOW - timedelta(minutes=2))
    assert next_run(entry, NOW) == NOW + timedelta(minutes=3)
    entry.last_run_at = NOW - timedelta(hours=2)
    assert next_run(entry, NOW) == NOW
    hourly = CrontabSchedule.objects.create(minute="7")
    later = PeriodicTask(name="n", task="t", crontab=hourly, start_time=NOW + timedelta(hours=3))
    assert next_run(later, NOW) == datetime(2026, 11, 18, 18, 7, tzinfo=UTC)
    later.expires = NOW
    assert next_run(later, NOW) is None


def test_the_next_run_is_shown_in_new_york_time_by_the_market_clock(settings, entry):
    assert next_run_in_words(entry, NOW) == "Wed 18 Nov 2026 10:07:00"
    settings.CLOCK_OFFSET_MS = 3_600_000
    assert next_run_in_words(entry, NOW) == "Wed 18 Nov 2026 11:07:00"
    entry.enabled = False
    assert next_run_in_words(entry, NOW) == "not scheduled: disabled"


def test_the_last_result_is_that_of_the_newest_run_of_its_work(entry):
    assert last_result(entry) == "no run yet"
    slot = 1_795_014_000_000  # 18 November 2026, 10:00 New York
    common = {"task": "ingest_chain", "slot": slot, "started_at": slot + 1000}
    IngestionRun.objects.create(symbol="SPX", status="DONE", duration_ms=3_200, **common)
    assert last_result(entry) == "DONE in 3.2 s, ingest_chain SPX, Wed 18 Nov 2026 10:00:00"
    IngestionRun.objects.create(
        symbol="NDX",
        status="FAILED",
        duration_ms=90_000,
        error="HTTP 429",
        **common | {"started_at": slot + 2000},
    )
    assert last_result(entry) == (
        "FAILED in 1 min 30 s, ingest_chain NDX, Wed 18 Nov 2026 10:00:00: HTTP 429"
    )
    entry.task = "flow.tasks.sweep_inbox"
    assert last_result(entry) == "this task records no runs"


def test_list_and_page_show_times_and_results(operator, entry):
    PeriodicTask.objects.filter(pk=entry.pk).update(last_run_at=NOW)
    for address in (
        at("django_celery_beat_periodictask", "changelist"),
        at("django_celery_beat_periodictask", "change", entry.pk),
    ):
        page = operator.get(address).content.decode()
        assert "Wed 18 Nov 2026 10:02:30" in page
    assert "no run yet" in page
