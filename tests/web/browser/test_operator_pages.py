"""Operators at work in a real browser: the cadence, a run, a new symbol; and the refusal of a viewer."""

from __future__ import annotations

import base64
import io
import json

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from ingestion.chains.cadence import Cadence, configured
from tests.ingestion.market import CALL, page, row
from tests.provider.server import ScriptedProvider, ok
from tests.web.admin.accounts import member
from tests.web.browser.checked_page import DARK, PHONE, TWO_LOOKS
from warehouse.models import WatchlistEntry

pytestmark = [pytest.mark.browser]

LIST = "/admin/django_celery_beat/periodictask/"


@pytest.fixture
def seeded(transactional_db):
    call_command("seed", symbols="SPX", stdout=io.StringIO())


@pytest.fixture
def chains(seeded):
    return PeriodicTask.objects.get(name="Option chains")


@pytest.fixture
def provider(settings):
    """A provider that has options of MSFT alone."""
    server = ScriptedProvider()
    server.tell("/v3/snapshot/options/MSFT", ok(page(row(CALL))))
    settings.MASSIVE_BASE_URL = server.url
    yield server
    server.stop()


def change(entry: PeriodicTask) -> str:
    return reverse("admin:django_celery_beat_periodictask_change", args=[entry.pk])


def test_an_operator_edits_the_cadence_and_runs_the_task(open_browser, chains, redis_client):
    checked = open_browser(member("operator"))
    checked.open(LIST)
    checked.check("schedules-operator")
    shown = checked.page
    shown.get_by_role("link", name="Option chains").click()
    minutes = shown.get_by_label("Minutes between snapshots")
    minutes.wait_for()
    assert shown.get_by_label("Minutes after the close").is_hidden()
    checked.check("schedule-operator")
    minutes.fill("5")
    shown.get_by_role("button", name="Save and continue editing").click()
    shown.get_by_text("was changed successfully").wait_for()
    assert configured() == Cadence(5, "09:30-16:00")
    shown.get_by_role("button", name="Run now").click()
    shown.get_by_text("Sent now: Option chains.").wait_for()
    message = json.loads(redis_client.lindex("warehouse:default", 0))
    assert json.loads(base64.b64decode(message["body"]))[1] == {"every_minutes": 5, "window": "09:30-16:00"}


def test_the_fields_follow_the_chosen_task(open_browser, chains):
    checked = open_browser(member("operator"))
    checked.open(reverse("admin:django_celery_beat_periodictask_add"))
    shown = checked.page
    minutes, wait = (
        shown.get_by_label("Minutes between snapshots"),
        shown.get_by_label("Seconds after the minute"),
    )
    assert minutes.is_hidden()
    shown.locator("#id_task").select_option("ingestion.tasks.ingest_due")
    minutes.wait_for()
    shown.locator("#id_task").select_option("ingestion.tasks.fetch_live_bars")
    wait.wait_for()
    assert minutes.is_hidden()
    shown.locator("#id_task").select_option("ingestion.tasks.sum_intervals")
    wait.wait_for(state="hidden")
    checked.check("schedule-add", TWO_LOOKS)


def test_an_operator_adds_a_symbol_and_a_shared_root_is_refused(open_browser, seeded, provider):
    checked = open_browser(member("operator"))
    checked.open(reverse("admin:warehouse_watchlistentry_add"))
    shown = checked.page
    for field, text in {"symbol": "MSFT", "provider_symbol": "MSFT", "roots": "SPXW"}.items():
        shown.locator(f"#id_{field}").fill(text)
    shown.locator("#id_kind").select_option("stock")
    shown.get_by_role("button", name="Save", exact=True).click()
    shown.get_by_text("The root SPXW belongs to SPX.").wait_for()
    checked.check("watchlist-refused")
    shown.locator("#id_roots").fill("MSFT")
    shown.get_by_role("button", name="Save", exact=True).click()
    shown.get_by_text("was added successfully").wait_for()
    assert WatchlistEntry.objects.get(symbol="MSFT").roots == ["MSFT"]


def test_a_viewer_finds_no_button_and_is_refused_by_address(open_browser, chains):
    checked = open_browser(member("viewer"))
    checked.open(change(chains))
    shown = checked.page
    assert shown.get_by_role("button", name="Run now").count() == 0
    assert shown.get_by_role("button", name="Save").count() == 0
    shown.get_by_text("Minutes between snapshots 15, Window 09:30-16:00").wait_for()
    checked.check("schedule-viewer", TWO_LOOKS)
    checked.open(LIST)
    assert shown.locator("select[name=action]").count() == 0
    checked.check("schedules-viewer", TWO_LOOKS)
    checked.open(reverse("admin:django_celery_beat_periodictask_add"))
    shown.get_by_role("heading", name="Viewers cannot add schedules").wait_for()
    shown.get_by_role("link", name="Schedules, read only").wait_for()
    checked.problems[:] = [
        one for one in checked.problems if "403" not in one
    ]  # the refusal is what is tested
    checked.check("refusal")


def test_an_operator_who_became_a_viewer_is_refused_by_button_and_by_action(
    open_browser, chains, redis_client
):
    user = member("operator")
    operator, viewer = user.groups.get(), Group.objects.get(name="viewer")
    checked = open_browser(user)
    shown = checked.page
    refusal = shown.get_by_role("heading", name="Viewers cannot change schedules")

    checked.open(change(chains))
    user.groups.set([viewer])
    shown.get_by_role("button", name="Run now").click()
    refusal.wait_for()

    user.groups.set([operator])
    checked.open(LIST)
    shown.get_by_role("row", name="Option chains").get_by_role("checkbox").check()
    shown.locator("select[name=action]").select_option("disable_tasks")
    checked.problems.clear()  # the refusal of the button
    checked.check("schedules-action")
    user.groups.set([viewer])
    shown.get_by_role("button", name="Run", exact=True).click()
    refusal.wait_for()

    checked.problems[:] = [
        one for one in checked.problems if "403" not in one
    ]  # the refusals are what is tested
    assert PeriodicTask.objects.get(pk=chains.pk).enabled
    assert redis_client.keys() == []


def test_the_other_forms_of_operators_and_administrators_have_no_finding(open_browser, chains):
    checked = open_browser(member("administrator"))
    for name, path in {
        "event-add": reverse("admin:warehouse_marketevent_add"),
        "exception-add": reverse("admin:warehouse_sessionexception_add"),
        "crontabs": reverse("admin:django_celery_beat_crontabschedule_changelist"),
        "crontab-change": reverse(
            "admin:django_celery_beat_crontabschedule_change", args=[chains.crontab_id]
        ),
        "crontab-delete": reverse(
            "admin:django_celery_beat_crontabschedule_delete", args=[chains.crontab_id]
        ),
        "user-add": reverse("admin:auth_user_add"),
        "groups": reverse("admin:auth_group_changelist"),
        "history": reverse("admin:django_celery_beat_periodictask_history", args=[chains.pk]),
    }.items():
        checked.open(path)
        checked.check(name, TWO_LOOKS)
    checked.open(reverse("admin:warehouse_marketevent_add"))
    for name in ("symbol", "note"):
        field = checked.page.locator(f"input[name={name}]")
        assert field.evaluate("one => getComputedStyle(one).borderTopWidth") == "1px"


def test_a_form_that_is_no_longer_valid_says_so(open_browser, transactional_db):
    checked = open_browser()
    checked.open("/admin/login/")
    shown = checked.page
    fields = shown.locator("#login-form")
    assert fields.bounding_box()["width"] == 384  # CSS pixels: the sidebar's width is not that of the form
    checked.check("login", TWO_LOOKS)
    shown.context.clear_cookies()
    shown.get_by_label("Username").fill("someone")
    shown.get_by_label("Password").fill("wrong")
    shown.get_by_role("button", name="Log in").click()
    shown.get_by_role("heading", name="This form is no longer valid").wait_for()
    checked.problems[:] = [
        one for one in checked.problems if "403" not in one
    ]  # the refusal is what is tested
    checked.check("form-not-accepted")
    shown.get_by_role("link", name="Back to the login").click()
    shown.get_by_label("Username").wait_for()


def test_a_phone_shows_the_title_of_a_schedule_and_the_way_back(open_browser, chains, settings):
    settings.SIMULATED = True  # its badge takes room in the header
    checked = open_browser(member("operator"))
    checked.open(change(chains))
    checked.look(DARK, PHONE)
    path = checked.page.locator("#header-inner h1 > a")
    assert [one.is_visible() for one in path.all()] == [False, False, True]
    assert path.last.bounding_box()["width"] >= 24
    checked.check("schedule-simulated", [(DARK, PHONE)])
    checked.page.get_by_title("Go back").click()
    checked.page.get_by_role("checkbox").first.wait_for()


def test_a_locked_login_says_so(open_browser, transactional_db, settings):
    settings.AXES_FAILURE_LIMIT = 1
    checked = open_browser()
    checked.open("/admin/login/")
    checked.page.get_by_label("Username").fill("someone")
    checked.page.get_by_label("Password").fill("wrong")
    checked.page.get_by_role("button", name="Log in").click()
    checked.page.get_by_role("heading", name="Too many failed logins").wait_for()
    checked.problems[:] = [one for one in checked.problems if "429" not in one]
    checked.check("locked")
