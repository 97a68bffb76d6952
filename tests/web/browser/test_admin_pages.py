"""The pages of the admin in a real browser: both themes, phone and desk, nothing to complain about."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tests.web.admin.rows import add_one_row_each
from tests.web.browser.checked_page import DARK, LIGHT, PHONE, TWO_LOOKS

pytestmark = [pytest.mark.browser]


def test_a_user_logs_in_and_arrives_at_the_front_page(open_browser, superuser):
    checked = open_browser()
    checked.open("/")
    checked.check("login")
    checked.page.get_by_label("Username").fill("root")
    checked.page.get_by_label("Password").fill("correct horse battery")
    checked.page.get_by_role("button", name="Log in").click()
    checked.page.wait_for_url("**/admin/")
    checked.check("index")


def test_a_wrong_password_is_answered_on_the_page(open_browser, superuser):
    checked = open_browser()
    checked.open("/admin/login/")
    checked.page.get_by_label("Username").fill("root")
    checked.page.get_by_label("Password").fill("wrong")
    checked.page.get_by_role("button", name="Log in").click()
    checked.page.get_by_text("Please enter the correct username and password").wait_for()
    checked.check("login-refused", TWO_LOOKS)


def test_forms_have_no_finding(open_browser, superuser):
    add_one_row_each()
    minute = CrontabSchedule.objects.create(minute="*")
    task = PeriodicTask.objects.create(
        name="Option chains", task="ingestion.tasks.ingest_due", crontab=minute
    )
    checked = open_browser(superuser)
    for name, path in {
        "watchlist": reverse("admin:warehouse_watchlistentry_changelist"),
        "watchlist-add": reverse("admin:warehouse_watchlistentry_add"),
        "watchlist-change": reverse("admin:warehouse_watchlistentry_change", args=["SPX"]),
        "watchlist-delete": reverse("admin:warehouse_watchlistentry_delete", args=["SPX"]),
        "watchlist-history": reverse("admin:warehouse_watchlistentry_history", args=["SPX"]),
        "schedules": reverse("admin:django_celery_beat_periodictask_changelist"),
        "schedule-change": reverse("admin:django_celery_beat_periodictask_change", args=[task.pk]),
        "users": reverse("admin:auth_user_changelist"),
        "user-change": reverse("admin:auth_user_change", args=[superuser.pk]),
        "password-change": reverse("admin:password_change"),
    }.items():
        checked.open(path)
        checked.check(name, TWO_LOOKS)


def test_menus_and_filters_open_by_keyboard(open_browser, superuser):
    checked = open_browser(superuser)
    checked.open(reverse("admin:warehouse_historicalbar_changelist"))
    checked.look(LIGHT, PHONE)
    page = checked.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.get_by_role("button", name="Show or hide the menu").press("Enter")
    entry = page.get_by_role("navigation").get_by_role("link", name="Bars", exact=True)
    entry.wait_for()
    checked.check("menu", [(LIGHT, PHONE), (DARK, PHONE)])
    page.get_by_role("button", name="Close").press(" ")
    entry.wait_for(state="hidden")
    page.get_by_text("Filters", exact=True).press("Enter")
    page.get_by_role("link", name="last day").wait_for()
    checked.check("filters", [(LIGHT, PHONE), (DARK, PHONE)])


def test_the_theme_is_chosen_by_keyboard_and_kept(open_browser, superuser):
    checked = open_browser(superuser)
    checked.open("/admin/")
    page = checked.page
    page.get_by_role("button", name="root").press("Enter")
    page.get_by_role("button", name="Dark").press("Enter")
    assert page.evaluate("document.documentElement.className") == "dark"
    checked.open(reverse("admin:warehouse_historicalbar_changelist"))
    assert page.evaluate("document.documentElement.className") == "dark"
