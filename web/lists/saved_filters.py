"""Filters that a user saves under a name: the address of a list with its query."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

from warehouse.models import SavedFilter
from web.lists.changelist import PLACE, KeyedChangeList

LONGEST_NAME = 60
LONGEST_QUERY = 1000
MOST = 50  # of one user and list


def respond(page: Any, request: HttpRequest) -> HttpResponse:
    """Save the filter `query` of the user as `name`, or delete the one whose id is `delete`; show the list."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    if not page.has_view_permission(request):
        raise PermissionDenied
    model = str(page.opts.model_name)
    own = SavedFilter.objects.filter(owner_id=request.user.pk, model=model)
    query = cleaned(request.POST.get("query", ""))
    if request.POST.get("delete"):
        identity = request.POST["delete"]
        if identity.isascii() and identity.isdigit() and len(identity) < 19:
            own.filter(pk=int(identity)).delete()
    else:
        name = " ".join(request.POST.get("name", "").split())
        problem = _problem(name, query, own.count())
        if problem:
            messages.error(request, problem)
        else:
            own.update_or_create(
                name=name, defaults={"query": query}, create_defaults=_new(request, model, query)
            )
    address = reverse(f"admin:warehouse_{model}_changelist")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)


def of_user(request: HttpRequest, model: str, changelist: KeyedChangeList) -> list[dict[str, Any]]:
    """Return the saved filters of the user for the list of a model, by name."""
    found = SavedFilter.objects.filter(owner_id=request.user.pk, model=model).order_by("name")[:MOST]
    return [
        {
            "id": one.pk,
            "name": one.name,
            "query": f"?{one.query}",
            "chosen": is_same(str(one.query), changelist),
        }
        for one in found
    ]


def is_same(query: str, changelist: KeyedChangeList) -> bool:
    """Return whether a query is that of the list that is shown."""
    shown = {name: value for name, value in changelist.params.items() if name not in PLACE}
    return dict(parse_qsl(query)) == shown


def cleaned(query: str) -> str:
    """Return a query without the parameters of a page, each name once."""
    pairs = dict(parse_qsl(query.lstrip("?")))
    return urlencode({name: value for name, value in pairs.items() if name not in PLACE})


def _problem(name: str, query: str, saved: int) -> str:
    if not 0 < len(name) <= LONGEST_NAME:
        return f"Write a name of at most {LONGEST_NAME} characters."
    if "\x00" in name or "%00" in query:
        return "A name and a filter have no null characters."
    if not query:
        return "Choose a filter first: the whole list needs no name."
    if len(query) > LONGEST_QUERY:
        return "The filter is too long to be saved."
    return f"You have {MOST} filters of this list. Delete one first." if saved >= MOST else ""


def _new(request: HttpRequest, model: str, query: str) -> dict[str, Any]:
    return {"owner_id": request.user.pk, "model": model, "query": query}
