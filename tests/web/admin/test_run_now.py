"""Running a schedule now: what is sent, what is logged, and one sentence where nothing can be sent."""

from __future__ import annotations

import base64
import json

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests.web.admin.accounts import logged_in, member
from tests.web.broker import broker_away as broker_away

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry(db):
    return PeriodicTask.objects.create(
        name="Option chains",
        task="ingestion.tasks.ingest_due",
        crontab=CrontabSchedule.objects.create(minute="*"),
        kwargs='{"every_minutes": 5, "window": "10:00-15:30"}',
        queue="default",
        expire_seconds=50,
    )


@pytest.fixture
def operator(db):
    return logged_in(member("operator"))


@pytest.fixture
def sent(redis_client):
    """The messages of a queue, oldest first: task, named arguments, and headers."""

    def read(queue: str) -> list[tuple[str, dict, dict]]:
        messages = [json.loads(text) for text in redis_client.lrange(f"warehouse:{queue}", 0, -1)]
        return [
            (one["headers"]["task"], json.loads(base64.b64decode(one["body"]))[1], one["headers"])
            for one in reversed(messages)
        ]

    return read


def run(client, entry: PeriodicTask) -> list[str]:
    """Press the button of the page, and return the messages of the page that follows."""
    address = reverse("admin:django_celery_beat_periodictask_run", args=[entry.pk])
    page = client.post(address, follow=True)
    assert (page.status_code, len(page.redirect_chain)) == (200, 1)
    return [str(message) for message in page.context["messages"]]


def run_selected(client, *entries: PeriodicTask) -> list[str]:
    form = {"action": "run_tasks", "_selected_action": [one.pk for one in entries], "index": "0"}
    page = client.post(reverse("admin:django_celery_beat_periodictask_changelist"), form, follow=True)
    assert page.status_code == 200
    return [str(message) for message in page.context["messages"]]


def test_a_task_is_sent_with_its_arguments_as_beat_would(operator, entry, sent):
    assert run(operator, entry) == ["Sent now: Option chains. A worker runs it when its queue is free."]
    ((task, arguments, headers),) = sent("default")
    assert (task, arguments) == (
        *("ingestion.tasks.ingest_due", {"every_minutes": 5, "window": "10:00-15:30"}),
    )
    assert headers["periodic_task_name"] == "Option chains"
    assert headers["expires"]
    (logged,) = LogEntry.objects.all()
    assert (logged.user.username, logged.object_id, logged.change_message) == (
        *("operator", str(entry.pk), "Run now."),
    )


def test_selected_tasks_are_sent_to_their_queues(operator, entry, sent):
    other = PeriodicTask.objects.create(
        name="Bars", task="ingestion.tasks.fetch_live_bars", crontab=entry.crontab, queue="bars"
    )
    assert run_selected(operator, entry, other) == [
        "Sent now: Bars, Option chains. A worker runs it when its queue is free."
    ]
    assert [len(sent(queue)) for queue in ("default", "bars")] == [1, 1]
    assert LogEntry.objects.count() == 2


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"kwargs": "{"}, "The stored arguments of Option chains are not valid JSON. Nothing was sent."),
        (
            {"args": "5"},
            "The stored arguments of Option chains are not a list and an object. Nothing was sent.",
        ),
        (
            {"kwargs": '{"every_minutes": 0}'},
            "every_minutes must be a whole number between 1 and 390, not 0. Nothing was sent.",
        ),
        (
            {"kwargs": '{"minutes": 5}'},
            "ingestion.tasks.ingest_due has no argument minutes; it takes every_minutes, window. Nothing was sent.",
        ),
        (
            {"task": "their.task"},
            "The task their.task of Option chains does not exist. Nothing was sent.",
        ),
    ],
)
def test_a_schedule_that_cannot_run_is_answered_with_one_sentence(operator, entry, sent, columns, sentence):
    PeriodicTask.objects.filter(pk=entry.pk).update(**columns)
    fine = PeriodicTask.objects.create(
        name="Bars", task="ingestion.tasks.fetch_live_bars", crontab=entry.crontab, queue="bars"
    )
    # The page of the entry repeats that its JSON is broken.
    assert run(operator, entry)[0] == sentence
    assert run_selected(operator, entry, fine) == [sentence]
    assert [sent(queue) for queue in ("default", "bars")] == [[], []]
    assert LogEntry.objects.count() == 0


def test_a_broker_that_is_away_is_named(operator, entry, broker_away):
    assert run(operator, entry) == ["The message broker cannot be reached. Nothing was sent."]
    assert LogEntry.objects.count() == 0


def test_the_address_of_the_button_runs_nothing_without_a_post(operator, entry, sent):
    address = reverse("admin:django_celery_beat_periodictask_run", args=[entry.pk])
    answer = operator.get(address)
    change = reverse("admin:django_celery_beat_periodictask_change", args=[entry.pk])
    assert (answer.status_code, answer.url) == (302, change)
    assert sent("default") == []
