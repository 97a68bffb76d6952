"""A form without a valid token: a page of the same look as other refusals, with one sentence on what to do."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

pytestmark = [pytest.mark.database, pytest.mark.django_db]


def test_a_login_without_a_token_says_what_to_do():
    answer = Client(enforce_csrf_checks=True).post("/admin/login/", {"username": "a", "password": "b"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Go back, reload the page and send the form again. Nothing was changed." in page
    assert 'href="/admin/login/">Back to the login</a>' in page
    assert 'class="card refusal"' in page
    assert answer["Content-Security-Policy"]


def test_a_form_of_a_user_without_a_token_leads_back_to_the_dashboard():
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"))
    answer = client.post("/admin/auth/user/add/", {"username": "a"})
    assert answer.status_code == 403
    assert 'href="/admin/">Back to the dashboard</a>' in answer.content.decode()
    assert User.objects.count() == 1
