"""Page of a schedule: arguments are fields; valid edits take effect, invalid ones are rejected with one sentence."""

from __future__ import annotations

import inspect
import io
import json

import pytest
from celery import current_app
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.urls import reverse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask

from config.schedule import SCHEDULE
from ingestion.chains.cadence import Cadence, configured
from tests.web.admin.accounts import logged_in, member
from web.schedules.catalogue import TASKS

pytestmark = pytest.mark.django_db

CHAINS, CLOSE, BARS = "Option chains", "After the close", "Bars of the session"
CADENCE = {"every_minutes": "15", "window_from": "09:30", "window_until": "16:00"}


@pytest.fixture
def operator(db):
    call_command("seed", symbols="SPX", stdout=io.StringIO())
    return logged_in(member("operator"))


def address(entry: PeriodicTask) -> str:
    return reverse("admin:django_celery_beat_periodictask_change", args=[entry.pk])


def save(client, name: str, /, **changes: str):
    """The answer to the form of an entry as a browser sends it."""
    entry = PeriodicTask.objects.get(name=name)
    page = client.get(address(entry))
    assert page.status_code == 200
    initial = page.context["adminform"].form.initial
    form = {"name": name, "task": entry.task, "crontab": entry.crontab_id, "queue": entry.queue}
    fields = {one: initial[one] for one in page.context["adminform"].form.fields if one in initial}
    sent = {one: value for one, value in {**fields, **form}.items() if value is not None}
    return client.post(address(entry), {**sent, "enabled": "on", **changes})


def test_an_edited_cadence_and_window_take_effect_and_are_logged(operator):
    saved = save(operator, CHAINS, every_minutes="5", window_from="10:00", window_until="15:30")
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    assert configured() == Cadence(5, "10:00-15:30")
    (entry,) = LogEntry.objects.all()
    assert (entry.user.username, entry.object_repr.split(":")[0]) == ("operator", CHAINS)
    assert "Minutes between snapshots" in entry.get_change_message()


@pytest.mark.parametrize(
    ("name", "changes", "field", "sentence"),
    [
        (
            *(CHAINS, {"every_minutes": "0"}, "every_minutes"),
            "every_minutes must be a whole number between 1 and 390, not 0.",
        ),
        (CHAINS, {"every_minutes": "five"}, "every_minutes", "Enter a whole number."),
        (CHAINS, {"every_minutes": ""}, "every_minutes", "Minutes between snapshots is required."),
        (
            *(CHAINS, {"window_from": "16:00", "window_until": "09:30"}, "window_from"),
            "window must look like 09:30-16:00 (New York time), not '16:00-09:30'.",
        ),
        (
            *(CHAINS, {"window_from": "17:00", "window_until": "18:00"}, "window_from"),
            "window 17:00-18:00 contains no slot: sessions are open from 09:30 to 16:00 New York.",
        ),
        (CHAINS, {"window_until": "noon"}, "window_until", "Enter a valid time."),
        (
            *(BARS, {"seconds_after_minute": "16"}, "seconds_after_minute"),
            "seconds_after_minute must be a whole number between 0 and 15, not 16.",
        ),
        (
            *(CLOSE, {"minutes_after_close": "-1"}, "minutes_after_close"),
            "minutes_after_close must be a whole number between 0 and 120, not -1.",
        ),
        (
            *(CLOSE, {"breadth_sessions": "1"}, "breadth_sessions"),
            "breadth_sessions must be a whole number between 2 and 252, not 1.",
        ),
        (CHAINS, {"crontab": ""}, "crontab", "Choose a crontab."),
        (
            *(CHAINS, {"task": "their.task"}, "task"),
            "Select a valid choice. their.task is not one of the available choices.",
        ),
        (CHAINS, {"name": CLOSE}, "name", "Periodic task with this Name already exists."),
    ],
)
def test_the_form_rejects_invalid_values_with_one_sentence(operator, name, changes, field, sentence):
    before = PeriodicTask.objects.get(name=name).kwargs
    page = save(operator, name, **changes)
    assert page.status_code == 200
    errors = page.context["adminform"].form.errors
    assert {name: list(texts) for name, texts in errors.items()} == {field: [sentence]}
    assert PeriodicTask.objects.get(name=name).kwargs == before


def test_every_seeded_entry_can_be_saved_unchanged(operator):
    for entry in PeriodicTask.objects.order_by("name"):
        assert save(operator, entry.name).status_code == 302, entry.name
        stored = PeriodicTask.objects.get(pk=entry.pk)
        assert json.loads(stored.kwargs) == json.loads(entry.kwargs), entry.name
        assert (stored.queue, stored.expire_seconds, stored.description) == (
            *(entry.queue, entry.expire_seconds, entry.description),
        )


def test_the_list_of_tasks_is_that_of_the_schedule_with_their_arguments():
    assert set(TASKS) == {entry.task for entry in SCHEDULE}
    current_app.loader.import_default_modules()
    for entry in SCHEDULE:
        task = TASKS[entry.task]
        defaults = {one.name: one.default for one in task.arguments}
        parameters = inspect.signature(current_app.tasks[entry.task].run).parameters.values()
        assert defaults == {one.name: one.default for one in parameters} == entry.kwargs or not entry.kwargs


def test_the_page_lists_tasks_in_plain_words_and_shows_no_json(operator):
    entry = PeriodicTask.objects.get(name=CHAINS)
    page = operator.get(address(entry)).content.decode()
    assert "Option chains: fetches the chains that are due" in page
    assert ">Every minute UTC</option>" in page
    assert 'name="kwargs"' not in page
    assert 'name="solar"' not in page
    assert 'name="interval"' not in page


def test_an_entry_of_an_unknown_task_keeps_it_and_its_json(operator):
    entry = PeriodicTask.objects.get(name=CHAINS)
    PeriodicTask.objects.filter(pk=entry.pk).update(task="their.task", kwargs='{"a": 1}')
    assert save(operator, CHAINS, task="their.task", kwargs='{"anything": 2}').status_code == 302
    stored = PeriodicTask.objects.get(pk=entry.pk)
    assert (stored.task, json.loads(stored.kwargs)) == ("their.task", {"anything": 2})
    page = save(operator, CHAINS, task="their.task", kwargs="[5]")
    assert page.context["adminform"].form.errors["kwargs"] == [
        'Write an object, such as {"every_minutes": 15}.'
    ]


@pytest.mark.parametrize("stored", ["{", "[5]", "5", "null", "[" * 20_000])
def test_broken_stored_arguments_are_named_and_replaced(operator, stored):
    entry = PeriodicTask.objects.get(name=CHAINS)
    PeriodicTask.objects.filter(pk=entry.pk).update(kwargs=stored)
    page = operator.get(address(entry)).content.decode()
    assert "The stored arguments of Option chains are not" in page
    assert "The fields show the defaults." in page
    assert save(operator, CHAINS).status_code == 302
    assert json.loads(PeriodicTask.objects.get(pk=entry.pk).kwargs) == {
        "every_minutes": 15,
        "window": "09:30-16:00",
    }


def test_a_new_schedule_stores_the_arguments_of_its_task(operator):
    hourly = CrontabSchedule.objects.create(minute="30")
    form = {"name": "Half past", "task": "ingestion.tasks.close_due", "crontab": hourly.pk, "enabled": "on"}
    form |= {"minutes_after_close": "10", "breadth_sessions": "2", "every_minutes": "7"}
    saved = operator.post(reverse("admin:django_celery_beat_periodictask_add"), form)
    assert saved.status_code == 302, saved.context["adminform"].form.errors
    entry = PeriodicTask.objects.get(name="Half past")
    assert json.loads(entry.kwargs) == {"minutes_after_close": 10, "breadth_sessions": 2}


def test_an_entry_has_one_kind_of_times(operator):
    IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    page = save(operator, CHAINS, interval=str(IntervalSchedule.objects.get().pk))
    assert page.context["adminform"].form.errors["crontab"] == ["Choose one of: crontab or interval."]
    entry = PeriodicTask.objects.get(name=CHAINS)
    clocked = ClockedSchedule.objects.create(clocked_time="2026-12-01T00:00Z")
    PeriodicTask.objects.filter(pk=entry.pk).update(crontab=None, clocked=clocked, one_off=True)
    page = save(operator, CHAINS, crontab=str(CrontabSchedule.objects.first().pk))
    assert page.context["adminform"].form.errors["crontab"] == ["Choose one of: crontab or clocked."]
