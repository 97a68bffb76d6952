"""The answer to logins of a user name that failed too often."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

_LONGEST_NAME = 150  # characters


def show_lockout(request: HttpRequest, original: HttpResponse | None, credentials: Any) -> HttpResponse:
    """Serve the page of status 429 with the minutes to wait. Called by django-axes."""
    wait = settings.AXES_COOLOFF_TIME
    context = {
        **admin.site.each_context(request),
        "title": "Login locked",
        "failures": settings.AXES_FAILURE_LIMIT,
        "minutes": int(wait.total_seconds() // 60),
    }
    answer = render(request, "web/locked.html", context, status=429)
    answer["Retry-After"] = str(int(wait.total_seconds()))
    return answer


def user_name(request: HttpRequest, credentials: Any) -> str:
    """Return the user name under which failures are counted, cut to the length that a user name can have.

    The form of the login accepts longer ones, for which the table of attempts has no room.
    """
    given = (credentials or {}).get("username") or request.POST.get("username") or ""
    return str(given)[:_LONGEST_NAME]
