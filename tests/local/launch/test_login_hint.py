"""How to log in to the dashboard: the password is shown while it is that of the admin user."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model

from local.launch.login_hint import login_hint

pytestmark = [pytest.mark.database, pytest.mark.django_db]

OTHER = "log in with the password that was shown when the admin user was created, or that you set"


def test_the_password_of_the_admin_user_is_shown():
    get_user_model().objects.create_superuser(username="admin", password="first")
    assert login_hint("first") == "log in as admin with the password first"


@pytest.mark.parametrize("password", ["first", ""])
def test_a_changed_or_unknown_password_is_not_shown(password: str):
    get_user_model().objects.create_superuser(username="admin", password="changed")
    assert login_hint(password) == OTHER


def test_without_an_admin_user_no_password_is_shown():
    assert login_hint("first") == OTHER
