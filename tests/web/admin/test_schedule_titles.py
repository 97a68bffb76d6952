"""Titles of schedules: task, cadence and window in words, on their pages, in messages and in the log."""

from __future__ import annotations

import io

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from tests.web.admin.accounts import logged_in, member

pytestmark = pytest.mark.django_db

TITLE = "Option chains: every 15 minutes, 09:30 to 16:00 New York"


@pytest.fixture
def operator(db):
    call_command("seed", symbols="SPX", stdout=io.StringIO())
    return logged_in(member("operator"))


@pytest.fixture
def chains(operator):
    return PeriodicTask.objects.get(name="Option chains")


def at(page: str, entry: PeriodicTask) -> str:
    return reverse(f"admin:django_celery_beat_periodictask_{page}", args=[entry.pk])


@pytest.mark.parametrize("page", ["change", "delete", "history"])
def test_the_pages_of_a_schedule_have_its_plain_title(operator, chains, page):
    shown = operator.get(at(page, chains)).content.decode()
    assert TITLE in shown
    assert "* * * * *" not in shown


def test_a_run_is_logged_under_the_plain_title(operator, chains):
    operator.post(at("run", chains))
    assert LogEntry.objects.get().object_repr == TITLE


@pytest.mark.parametrize(
    ("kwargs", "words"),
    [
        ('{"every_minutes": 5, "window": "10:00-15:30"}', "every 5 minutes, 10:00 to 15:30 New York"),
        ('{"every_minutes": 1}', "every minute, 09:30 to 16:00 New York"),
        ("{", "The stored arguments of Option chains are not valid JSON."),
    ],
)
def test_cadence_and_window_are_those_of_the_stored_arguments(chains, kwargs, words):
    chains.kwargs = kwargs
    assert str(chains) == f"Option chains: {words}"


def test_a_schedule_of_another_name_also_names_its_task(chains):
    chains.name = "Chains at noon"
    assert str(chains) == "Chains at noon, " + TITLE


def test_a_task_without_a_cadence_has_the_times_of_its_crontab(operator):
    assert str(PeriodicTask.objects.get(name="After the close")) == "After the close: every minute"
    unknown = PeriodicTask(name="Mine", task="a.b")
    assert str(unknown) == "Mine: never"
