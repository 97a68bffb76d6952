"""Answers with market data: who may read them, and 304 for a client that has the same version."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from web.access import has

PERMISSION = "warehouse.view_gammaexposure"


def may_view(request: HttpRequest) -> bool:
    """Return whether the user may read the dashboard and the charts."""
    return has(request, PERMISSION)


def unless_known(request: HttpRequest, version: str, make: Callable[[], HttpResponse]) -> HttpResponse:
    """Return the answer that `make` builds, or 304 without a body where the client has this version."""
    tag = f'"{version}"'
    answer = HttpResponseNotModified() if request.headers.get("If-None-Match") == tag else make()
    answer["ETag"] = tag
    answer["Cache-Control"] = "private, no-cache"
    return answer
