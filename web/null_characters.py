"""Refuse addresses with null characters: PostgreSQL stores none, so a query with one is an error of the database."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

_NULL = "\x00"


class RefuseNullCharacters:
    """Middleware that answers 400 to a null character in the path or the query of an address."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _NULL in request.path or any(
            _NULL in text for name, values in request.GET.lists() for text in (name, *values)
        ):
            raise BadRequest("The address has a null character.")
        return self._get_response(request)
