"""Page of a schedule entry: valid edits take effect, invalid ones are rejected with one sentence."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from ingestion.chains.cadence import Cadence, configured

pytestmark = pytest.mark.django_db

CHAINS, CLOSE = "Option chains", "After the close"


@pytest.fixture
def operator(client, admin_user):
    call_command("seed", symbols="SPX", stdout=io.StringIO())
    client.force_login(admin_user)
    return client


def save(operator, name: str, kwargs: str, **changes: str):
    """The answer to the form of an entry as a browser sends it."""
    task = PeriodicTask.objects.get(name=name)
    page = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    assert operator.get(page).status_code == 200
    form = {"name": name, "task": task.task, "crontab": task.crontab_id, "args": "[]", "headers": "{}"}
    return operator.post(page, {**form, "enabled": "on", "kwargs": kwargs, **changes})


def test_an_edited_cadence_and_window_take_effect(operator):
    saved = save(operator, CHAINS, '{"every_minutes": 5, "window": "10:00-15:30"}')
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    assert configured() == Cadence(5, "10:00-15:30")


@pytest.mark.parametrize(
    ("name", "kwargs", "sentence"),
    [
        (CHAINS, '{"every_minutes": 0}', "every_minutes must be a whole number between 1 and 390, not 0."),
        (
            CHAINS,
            '{"every_minutes": "5"}',
            "every_minutes must be a whole number between 1 and 390, not '5'.",
        ),
        (
            CHAINS,
            '{"window": "all day"}',
            "window must look like 09:30-16:00 (New York time), not 'all day'.",
        ),
        (
            CHAINS,
            '{"window": "16:00-09:30"}',
            "window must look like 09:30-16:00 (New York time), not '16:00-09:30'.",
        ),
        (
            "Bars of the session",
            '{"seconds_after_minute": 16}',
            "seconds_after_minute must be a whole number between 0 and 15, not 16.",
        ),
        (CHAINS, '{"window": 9}', "window must look like 09:30-16:00 (New York time), not 9."),
        (
            CHAINS,
            '{"window": "17:00-18:00"}',
            "window 17:00-18:00 contains no slot: sessions are open from 09:30 to 16:00 New York.",
        ),
        (
            CHAINS,
            '{"every_minute": 5}',
            "ingestion.tasks.ingest_due has no argument every_minute; it takes every_minutes, window.",
        ),
        (
            CLOSE,
            '{"minutes_after_close": -1}',
            "minutes_after_close must be a whole number between 0 and 120, not -1.",
        ),
        (
            CLOSE,
            '{"breadth_sessions": 1}',
            "breadth_sessions must be a whole number between 2 and 252, not 1.",
        ),
        ("Calendar watch", '{"a": 1}', "ingestion.tasks.watch_calendar has no argument a; it takes none."),
        (CHAINS, "[5]", 'Write the arguments as an object, such as {"every_minutes": 15}.'),
    ],
)
def test_the_form_rejects_invalid_arguments_with_one_sentence(operator, name, kwargs, sentence):
    before = PeriodicTask.objects.get(name=name).kwargs
    page = save(operator, name, kwargs)
    assert page.status_code == 200
    assert page.context["adminform"].form.errors.get_json_data() == {
        "kwargs": [{"message": sentence, "code": ""}]
    }
    assert PeriodicTask.objects.get(name=name).kwargs == before


def test_every_seeded_entry_can_be_saved_unchanged(operator):
    for task in PeriodicTask.objects.exclude(task__startswith="celery."):
        assert save(operator, task.name, json.dumps(json.loads(task.kwargs))).status_code == 302, task.name


def test_arguments_of_unknown_tasks_are_not_checked(operator):
    changed = {"task": "their.task", "regtask": ""}
    assert save(operator, CHAINS, '{"anything": 1}', **changed).status_code == 302
