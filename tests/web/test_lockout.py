"""Failed logins: five lock a user name at an address for a while, and nobody else."""

from __future__ import annotations

import datetime as dt

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.db.models import F

from tests.roles import as_role

pytestmark = [pytest.mark.database, pytest.mark.django_db]

PASSWORD = "correct horse battery"
SENTENCE = "5 logins with this user name failed from this address. Try again in 15 minutes."


@pytest.fixture
def users(settings):
    """Two users of staff, with a quick hash of their passwords."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return [User.objects.create_user(name, password=PASSWORD, is_staff=True) for name in ("one", "two")]


def log_in(client, name: str, password: str = PASSWORD, address: str = "192.0.2.1", **headers: str):
    client.logout()
    form = {"username": name, "password": password}
    return client.post("/admin/login/", form, REMOTE_ADDR=address, **headers)


def fail(client, times: int, name: str = "one", **headers: str) -> list[int]:
    return [log_in(client, name, f"wrong {number}", **headers).status_code for number in range(times)]


def test_the_fifth_failure_locks_the_user_name_with_a_clear_sentence(client, users):
    assert fail(client, 5) == [200, 200, 200, 200, 429]
    answer = log_in(client, "one")
    assert (answer.status_code, answer["Retry-After"]) == (429, "900")
    assert SENTENCE in answer.content.decode()
    assert "Content-Security-Policy" in answer


def test_a_login_page_opened_by_its_own_address_leads_to_the_dashboard(client, users):
    assert log_in(client, "one")["Location"] == "/admin/"


def test_others_behind_the_same_address_and_the_user_elsewhere_log_in(client, users):
    fail(client, 5)
    assert log_in(client, "two").status_code == 302
    assert log_in(client, "one", address="192.0.2.2").status_code == 302


def test_forged_addresses_and_browsers_do_not_escape_the_lock(client, users):
    for number in range(5):
        fail(client, 1, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}", HTTP_USER_AGENT=f"browser {number}")
    assert log_in(client, "one").status_code == 429


def test_a_login_forgets_the_failures_before_it(client, users):
    fail(client, 4)
    assert log_in(client, "one").status_code == 302
    assert fail(client, 4) == [200] * 4


def test_the_lock_ends_and_attempts_during_it_do_not_prolong_it(client, users):
    fail(client, 5)
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - dt.timedelta(minutes=14, seconds=50))
    assert log_in(client, "one").status_code == 429
    AccessAttempt.objects.update(attempt_time=F("attempt_time") - dt.timedelta(seconds=10))
    assert log_in(client, "one").status_code == 302


def test_the_web_role_counts_and_no_password_is_stored(client, users):
    with as_role("warehouse_web"):
        assert fail(client, 5)[-1] == 429
    (attempt,) = AccessAttempt.objects.values()
    assert (attempt["username"], attempt["ip_address"], attempt["failures_since_start"]) == (
        *("one", "192.0.2.1", 5),
    )
    assert "wrong" not in str(attempt)


@pytest.mark.parametrize("name", ["\0", "x" * 300, "' OR 1=1 --", "", "one\0"])
def test_a_hostile_user_name_is_answered(client, users, name):
    assert log_in(client, name, HTTP_USER_AGENT="a" * 5000, HTTP_ACCEPT="b" * 5000).status_code == 200
    assert client.post("/admin/login/?x=%00", {"username": name, "password": "\0"}).status_code == 400
