"""Production settings: with HTTPS=true the deployment check is clean and cookies need HTTPS."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.contrib.auth.models import User

from local.servers.hold import ROOT

SHOWN = (
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "CSRF_COOKIE_SECURE",
    "CSRF_COOKIE_HTTPONLY",
    "CSRF_COOKIE_SAMESITE",
    "SECURE_SSL_REDIRECT",
    "SECURE_HSTS_SECONDS",
)


def manage(*command: str, https: str) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "HTTPS": https, "SECRET_KEY": "y7" * 16 + "a-long-random-text-of-a-deployment"}
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployment_check_finds_nothing_with_https():
    checked = manage("check", "--deploy", "--fail-level", "WARNING", https="true")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "System check identified no issues (2 silenced)." in checked.stdout


@pytest.mark.parametrize("https", ["true", "false"])
def test_cookies_are_for_https_only_where_pages_are(https):
    code = f"import json; from django.conf import settings as s; print(json.dumps([getattr(s, n) for n in {SHOWN}]))"
    shown = json.loads(manage("shell", "--no-imports", "--command", code, https=https).stdout)
    secure = https == "true"
    assert shown == [secure, True, "Lax", secure, True, "Lax", secure, 31_536_000 if secure else 0]


@pytest.mark.django_db
def test_with_https_pages_redirect_and_probes_do_not(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SESSION_COOKIE_SECURE = True
    answer = client.get("/admin/")
    assert (answer.status_code, answer.url) == (301, "https://testserver/admin/")
    for address in ("/api/health/live", "/metrics"):
        assert client.get(address).status_code == 200
    User.objects.create_superuser("root", password="correct horse battery")
    form = {"username": "root", "password": "correct horse battery"}
    answer = client.post("/admin/login/", form, headers={"X-Forwarded-Proto": "https"})
    cookie = answer.cookies["sessionid"]
    assert (answer.status_code, cookie["secure"], cookie["httponly"], cookie["samesite"]) == (
        *(302, True, True, "Lax"),
    )
