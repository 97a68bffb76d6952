"""Every answer of the web process has the content security policy, and browsers find an icon."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse

from tests.ports import closed_port

POLICY = {
    "default-src 'self'",
    "script-src 'self' 'unsafe-eval'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}


def policy(answer) -> set[str]:
    return set(answer.headers["Content-Security-Policy"].split("; "))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/", 302),
        ("/admin/login/", 200),
        ("/admin/", 302),
        ("/api/health", 200),
        ("/api/health/live", 200),
        ("/metrics", 200),
        ("/static/web/favicon.svg", 200),
        ("/favicon.ico", 302),
        ("/nothing-here", 404),
    ],
)
def test_every_answer_has_the_content_security_policy(client, address, status):
    answer = client.get(address)
    answer.close()
    assert answer.status_code == status
    assert policy(answer) == POLICY


@pytest.mark.django_db
@pytest.mark.parametrize(
    "page", ["admin:index", "admin:warehouse_watchlistentry_changelist", "admin:warehouse_watchlistentry_add"]
)
def test_pages_of_the_admin_have_the_policy_and_the_icon(client, page):
    client.force_login(User.objects.create_superuser("root"))
    answer = client.get(reverse(page))
    assert (answer.status_code, policy(answer)) == (200, POLICY)
    assert '<link rel="icon" href="/static/web/favicon.svg" type="image/svg+xml"' in answer.content.decode()


@pytest.mark.django_db
def test_an_error_page_has_the_policy(client, monkeypatch):
    client.force_login(User.objects.create_superuser("root"))
    monkeypatch.setitem(connection.settings_dict, "PORT", closed_port())
    connection.close()
    client.raise_request_exception = False
    answer = client.get("/admin/")
    assert (answer.status_code, policy(answer)) == (500, POLICY)


def test_the_usual_address_of_an_icon_leads_to_the_icon(client):
    answer = client.get("/favicon.ico", follow=True)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/svg+xml")
    assert b'fill="#6B3FB8"' in answer.getvalue()
