"""The groups viewer, operator and administrator: what each may see and change, by page, address, action and POST."""

from __future__ import annotations

import html
import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests.roles import as_role
from tests.web.admin.accounts import logged_in, member
from tests.web.admin.rows import add_one_row_each
from warehouse import watchlist
from warehouse.models import SessionException, WatchlistEntry
from web.roles import store_groups

pytestmark = [pytest.mark.database, pytest.mark.django_db]

TASKS = "django_celery_beat_periodictask"
EXCEPTION = {"date": "2026-12-24", "opens": "09:30", "closes": "13:00", "reason": "The exchange said so."}


@pytest.fixture
def entry(db):
    """A schedule that removes rows, which only operators may run or stop."""
    hourly = CrontabSchedule.objects.create(minute="7")
    return PeriodicTask.objects.create(
        name="Partitions and retention", task="ingestion.tasks.keep_partitions", crontab=hourly
    )


def at(model: str, page: str, *keys: object) -> str:
    return reverse(f"admin:{model}_{page}", args=keys)


def words(answer) -> str:
    """The text of a page without its markup, in single spaces."""
    text = re.sub(r"<[^>]*>", " ", answer.content.decode().partition('class="desk"')[2])
    return re.sub(r"\s+([.,])", r"\1", " ".join(html.unescape(text).split()))


def codenames(group: str) -> set[str]:
    found = Group.objects.get(name=group).permissions.select_related("content_type")
    return {f"{one.content_type.app_label}.{one.codename}" for one in found}


def test_groups_have_the_permissions_of_their_work():
    assert store_groups() == 3
    models = [model._meta.model_name for model in apps.get_app_config("warehouse").get_models()]
    schedules = ("periodictask", "crontabschedule", "intervalschedule")
    viewer = {f"warehouse.view_{name}" for name in models}
    viewer |= {f"django_celery_beat.view_{name}" for name in schedules}
    verbs, edited = ("add", "change", "delete"), ("watchlistentry", "sessionexception")
    edits = {f"warehouse.{verb}_{name}" for verb in verbs for name in edited}
    edits |= {f"django_celery_beat.{verb}_{name}" for verb in verbs for name in schedules}
    edits |= {"warehouse.add_marketevent", "warehouse.change_marketevent", "warehouse.add_signalevent"}
    edits |= {"warehouse.add_pattern", "warehouse.change_pattern", "warehouse.add_backtest"}
    edits |= {"warehouse.add_optimization", "warehouse.change_confluenceconfig"}
    accounts = {f"auth.{verb}_{n}" for verb in (*verbs, "view") for n in ("user", "group")}
    assert codenames("viewer") == viewer
    assert codenames("operator") == viewer | edits
    assert codenames("administrator") == viewer | edits | accounts


def test_groups_that_exist_get_what_they_lack_and_lose_nothing():
    store_groups()
    group = Group.objects.get(name="viewer")
    extra = Permission.objects.get(codename="view_logentry")
    group.permissions.set([extra])
    assert store_groups() == 0
    assert "warehouse.view_gammaexposure" in codenames("viewer")
    assert "admin.view_logentry" in codenames("viewer")


def test_a_viewer_sees_the_dashboard_and_every_list(entry):
    add_one_row_each()
    viewer = logged_in(member("viewer"))
    assert "You may not see market data" not in viewer.get("/admin/").content.decode()
    listed = [
        model for model in apps.get_app_config("warehouse").get_models() if admin.site.is_registered(model)
    ]
    assert len(listed) == 35  # all but the filters that users save
    for model in listed:
        assert viewer.get(at(f"warehouse_{model._meta.model_name}", "changelist")).status_code == 200
    assert viewer.get("/symbol/SPX/").status_code == 200
    page = viewer.get(at(TASKS, "change", entry.pk)).content.decode()
    assert "Run now" not in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize(
    ("model", "page", "method", "sentence"),
    [
        (TASKS, "add", "get", "Viewers cannot add schedules"),
        (TASKS, "change", "post", "Viewers cannot change schedules"),
        (TASKS, "delete", "get", "Viewers cannot delete schedules"),
        (TASKS, "delete", "post", "Viewers cannot delete schedules"),
        (TASKS, "run", "get", "Viewers cannot change schedules"),
        (TASKS, "run", "post", "Viewers cannot change schedules"),
        ("django_celery_beat_crontabschedule", "change", "post", "Viewers cannot change crontabs"),
        ("warehouse_watchlistentry", "add", "get", "Viewers cannot add watchlist entries"),
        ("warehouse_watchlistentry", "change", "post", "Viewers cannot change watchlist entries"),
        ("warehouse_watchlistentry", "changelist", "post", "Viewers cannot change watchlist entries"),
        ("warehouse_watchlistentry", "delete", "post", "Viewers cannot delete watchlist entries"),
        ("warehouse_sessionexception", "add", "post", "Viewers cannot add session exceptions"),
    ],
)
def test_a_viewer_is_refused_by_address_and_by_post(entry, model, page, method, sentence):
    watchlist.add_default_symbols(["SPX"])
    keys = {TASKS: entry.pk, "warehouse_watchlistentry": "SPX"}.get(model, entry.crontab_id)
    address = at(model, page) if page in ("add", "changelist") else at(model, page, keys)
    answer = getattr(logged_in(member("viewer")), method)(address, {"_save": "Save"})
    assert answer.status_code == 403
    text = words(answer)
    assert sentence in text
    assert "You are signed in as viewer, group viewer." in text
    assert "you need the group operator. Nothing was changed." in text
    assert "Back to the dashboard" in text
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize("action", ["enable_tasks", "disable_tasks", "run_tasks", "delete_selected"])
def test_a_viewer_is_refused_the_actions_of_schedules(entry, redis_client, action):
    viewer = logged_in(member("viewer"))
    page = viewer.get(at(TASKS, "changelist")).content.decode()
    assert 'name="action"' not in page
    before = PeriodicTask.objects.values().get()
    sent = {"action": action, "_selected_action": [entry.pk], "index": "0"}
    assert viewer.post(at(TASKS, "changelist"), sent).status_code == 403
    assert PeriodicTask.objects.values().get() == before
    assert redis_client.keys() == []
    assert LogEntry.objects.count() == 0


def test_a_row_that_nobody_may_change_says_so():
    row = add_one_row_each()["gammaexposure"]
    answer = logged_in(member("administrator")).post(at("warehouse_gammaexposure", "change", row.pk), {})
    assert answer.status_code == 403
    assert "No group may: these rows are written by the warehouse alone. Nothing was changed." in words(
        answer
    )


def test_a_user_without_a_group_is_told_which_one_is_needed():
    client = logged_in(User.objects.create_user("clerk", is_staff=True))
    text = words(client.get(at(TASKS, "changelist")))
    assert "You cannot see schedules You are signed in as clerk, without a group." in text
    assert "To see schedules you need the group viewer. Nothing was changed." in text
    assert "read only" not in text


def test_operators_stop_and_start_schedules_and_each_change_is_logged(entry):
    operator = logged_in(member("operator"))
    for action, is_enabled in (("disable_tasks", False), ("enable_tasks", True)):
        sent = {"action": action, "_selected_action": [entry.pk], "index": "0"}
        assert operator.post(at(TASKS, "changelist"), sent).status_code == 302
        assert PeriodicTask.objects.get().enabled is is_enabled
    logged = LogEntry.objects.order_by("pk").values_list("user__username", "object_id", "change_message")
    assert list(logged) == [
        ("operator", str(entry.pk), "Disabled."),
        ("operator", str(entry.pk), "Enabled."),
    ]


def test_operators_edit_session_exceptions_as_the_web_role():
    operator = logged_in(member("operator"))
    with as_role("warehouse_web"):
        assert operator.post(at("warehouse_sessionexception", "add"), EXCEPTION).status_code == 302
        early = SessionException.objects.get()
        assert (early.opens_ms, early.closes_ms) == (1_798_122_600_000, 1_798_135_200_000)
        change = at("warehouse_sessionexception", "change", "2026-12-24")
        assert operator.post(change, {**EXCEPTION, "opens": "", "closes": ""}).status_code == 302
        assert SessionException.objects.filter(opens_ms=None, closes_ms=None).count() == 1
        delete = at("warehouse_sessionexception", "delete", "2026-12-24")
        assert operator.post(delete, {"post": "yes"}).status_code == 302
        assert SessionException.objects.count() == 0
    assert LogEntry.objects.count() == 3


def test_hours_of_an_exception_are_those_of_new_york():
    early = SessionException.objects.create(
        date="2026-12-24", opens_ms=1_798_122_600_000, closes_ms=1_798_135_200_000, reason="early", noted_at=1
    )
    address = at("warehouse_sessionexception", "change", early.pk)
    form = logged_in(member("operator")).get(address).context["adminform"].form
    assert (form.initial["opens"], form.initial["closes"]) == ("09:30", "13:00")
    shown = logged_in(member("viewer")).get(address).content.decode()
    assert re.search(r">\s*09:30\s*<", shown)
    assert re.search(r">\s*13:00\s*<", shown)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"closes": ""}, "closes", "Give both times, or none on a day without a session."),
        ({"closes": "09:00"}, "closes", "The session must close after it opens."),
        ({"date": "9999-12-31"}, "date", "The date must be between 2000 and 2099."),
        ({"opens": "soon"}, "opens", "Enter a valid time."),
    ],
)
def test_an_impossible_session_exception_is_rejected(changes, field, sentence):
    page = logged_in(member("operator")).post(at("warehouse_sessionexception", "add"), EXCEPTION | changes)
    assert page.context["adminform"].form.errors == {field: [sentence]}


def test_operators_may_not_see_accounts_and_administrators_edit_them():
    assert logged_in(member("operator")).get(at("auth_user", "changelist")).status_code == 403
    administrator = logged_in(member("administrator"))
    new = {"username": "newcomer", "password1": "correct horse", "password2": "correct horse"}
    sent = new | {"usable_password": "true"}
    assert administrator.post(at("auth_user", "add"), sent).status_code == 302
    assert User.objects.filter(username="newcomer").exists()
    assert LogEntry.objects.get().user.username == "administrator"


def test_an_administrator_neither_becomes_a_superuser_nor_edits_one():
    boss = User.objects.create_superuser("boss")
    user = member("administrator")
    client = logged_in(user)
    form = {"username": "administrator", "is_staff": "on", "is_active": "on", "is_superuser": "on"}
    form |= {"date_joined_0": "2026-11-01", "date_joined_1": "00:00:00", "groups": [user.groups.get().pk]}
    assert client.post(at("auth_user", "change", user.pk), form).status_code == 302
    assert not User.objects.get(pk=user.pk).is_superuser
    refused = client.post(at("auth_user", "change", boss.pk), form)
    assert refused.status_code == 403
    assert "group administrator. Only a superuser may do this. Nothing was changed." in words(refused)
    assert client.get(reverse("admin:auth_user_password_change", args=[boss.pk])).status_code == 403
    assert client.post(at("auth_user", "delete", boss.pk), {"post": "yes"}).status_code == 403
    sent = {"action": "delete_selected", "_selected_action": [boss.pk], "index": "0", "post": "yes"}
    assert client.post(at("auth_user", "changelist"), sent).status_code == 403
    assert User.objects.filter(pk=boss.pk, is_superuser=True).exists()


@pytest.mark.parametrize("key", ["99999999999999999999", "%00", "x", "-1", "_00", "1_000_000_000", "1e9"])
@pytest.mark.parametrize(
    "model", [TASKS, "django_celery_beat_crontabschedule", "warehouse_watchlistentry", "auth_user"]
)
def test_a_key_that_no_row_has_leads_to_no_error(entry, model, key):
    client = logged_in(User.objects.create_superuser("root"))
    base = at(model, "changelist")
    pages = ("change", "delete", "history", "run") if model == TASKS else ("change", "delete", "history")
    for page in pages:
        assert client.get(f"{base}{key}/{page}/").status_code in (302, 400, 404)
        assert client.post(f"{base}{key}/{page}/", {"post": "yes"}).status_code in (302, 400, 404)


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "name__iregex=%5B",
        "task=%00",
        "crontab__minute__regex=%5B",
        "enabled__exact=x",
        "enabled__exact=1",
        "task=their.task",
        "o=99999999999999999999",
        "p=99999999999999999999",
        "_to_field=%00",
        "description__startswith=x",
    ],
)
@pytest.mark.parametrize("model", [TASKS, "warehouse_watchlistentry", "auth_user"])
def test_a_hostile_address_of_a_list_is_answered(entry, model, query):
    client = logged_in(User.objects.create_superuser("root"))
    assert client.get(f"{at(model, 'changelist')}?{query}").status_code in (200, 302, 400)


@pytest.mark.parametrize("key", ["99999999999999999999", "\0", "x", "1 OR 1=1"])
@pytest.mark.parametrize("model", [TASKS, "warehouse_watchlistentry", "auth_user"])
def test_an_action_on_a_row_that_does_not_exist_changes_nothing(entry, model, key):
    client = logged_in(User.objects.create_superuser("root"))
    sent = {"action": "delete_selected", "_selected_action": [key], "index": "0", "post": "yes"}
    assert client.post(at(model, "changelist"), sent).status_code in (200, 302, 400)
    assert PeriodicTask.objects.count() == 1
    assert WatchlistEntry.objects.count() == 0
