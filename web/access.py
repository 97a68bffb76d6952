"""Decorators of views that need a permission."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse

View = Callable[..., HttpResponse]


def needs(permission: str) -> Callable[[View], View]:
    """Return a decorator of pages: users who are not logged in log in first, others need the permission."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            if not has(request, permission):
                raise PermissionDenied
            return view(request, *arguments, **named)

        return checked

    return decorate


def data_needs(permission: str, what: str) -> Callable[[View], View]:
    """Return a decorator of data: a refusal is one sentence about `what`, without a redirect.

    A script would follow a redirect to a page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return JsonResponse({"detail": "Log in to read this document."}, status=401)
            if not has(request, permission):
                return JsonResponse({"detail": f"Your account may not view {what}."}, status=403)
            return view(request, *arguments, **named)

        return checked

    return decorate


def has(request: HttpRequest, permission: str) -> bool:
    """Return whether the user is of the staff and has a permission."""
    return bool(request.user.is_staff) and request.user.has_perm(permission)
