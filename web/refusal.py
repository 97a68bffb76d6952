"""The pages of refused requests: not allowed, not found, and a form that is no longer valid."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from web import data_answers
from web.backtests import access as backtests
from web.optimiser import access as optimiser
from web.roles import group_for, role_of
from web.signals import access as signals

# Words for rows that Django names otherwise.
_PLURALS = {
    "django_celery_beat.periodictask": "schedules",
    "warehouse.pattern": "patterns",
    "warehouse.watchlistentry": "watchlist entries",
}
# Verb, permission and rows of own pages, by the names of their addresses.
_SEEN = {
    data_answers.PERMISSION: ("the charts of symbols", ("symbol", "volatility", "volatility-lists")),
    signals.VIEW: ("signals", ("signals", "signal")),
    backtests.VIEW: ("backtests", ("backtests", "backtest", "backtest-comparison")),
    optimiser.VIEW: ("optimisations", ("optimizations", "optimization")),
}
_CHANGED = {
    "signal-dismiss": ("dismiss", signals.DISMISS, "signals"),
    "backtest-cancel": ("cancel", backtests.RUN, "backtests"),
    "backtest-resume": ("continue", backtests.RUN, "backtests"),
    "optimization-cancel": ("cancel", optimiser.RUN, "optimisations"),
    "optimization-resume": ("continue", optimiser.RUN, "optimisations"),
    "optimization-promote": ("promote", optimiser.PROMOTE, "weights"),
    "weights-restore": ("restore", optimiser.PROMOTE, "weights"),
    "weights-default": ("restore", optimiser.PROMOTE, "weights"),
}
_POSTED = {
    "backtests": ("run", backtests.RUN, "backtests"),
    "optimizations": ("run", optimiser.RUN, "optimisations"),
}
# Address of the list of rows, and the permission to see it.
_LISTS = {
    "signals": ("signals", signals.VIEW),
    "backtests": ("backtests", backtests.VIEW),
    "optimisations": ("optimizations", optimiser.VIEW),
    "weights": ("optimizations", optimiser.VIEW),
}
_PAGE = re.compile(
    r"(django_celery_beat|warehouse|auth)_([a-z]+)_(changelist|add|change|delete|history|run|preview)"
)


class Refused(NamedTuple):
    """What was refused: the verb, its permission, the name of the rows, and the address of their list or None."""

    verb: str
    permission: str
    plural: str
    rows: str | None


def show_refusal(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Serve the page of status 403, of requests whose permission is missing. Nothing was changed by them."""
    refused = _refused(request)
    context = {**admin.site.each_context(request), "title": "Not allowed", "refused": refused}
    role = role_of(request.user) if request.user.is_authenticated else None
    if refused:
        # The user's group may change such rows, but not this one: a superuser's account.
        context["is_reserved"] = role is not None and request.user.has_perm(refused.permission)
        context["group"] = group_for(refused.permission)
        context["heading"] = f"{role.members if role else 'You'} cannot {refused.verb} {refused.plural}"
        context["needs"] = f"To {refused.verb} {refused.plural}"
    return render(request, "web/not_allowed.html", context | {"role": role}, status=403)


def show_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Serve the page of status 404, inside the admin's frame for those who may see it."""
    context = {**admin.site.each_context(request), "title": "Not found"}
    context["is_inside"] = admin.site.has_permission(request)
    if context["is_inside"]:
        context["layout"] = "admin/base_site.html"
    return render(request, "web/not_found.html", context, status=404)


def show_csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Serve the page of status 403, of a form without a valid CSRF token. Called by Django's middleware."""
    context = {**admin.site.each_context(request), "title": "Form not accepted"}
    return render(request, "web/form_not_accepted.html", context, status=403)


def _refused(request: HttpRequest) -> Refused | None:
    name = (request.resolver_match.url_name or "") if request.resolver_match else ""
    change = _CHANGED.get(name) or (_POSTED.get(name) if request.method == "POST" else None)
    if change:
        verb, permission, plural = change
        address, needed = _LISTS[plural]
        rows = reverse(address) if request.user.has_perm(needed) else None
        return Refused(verb, permission, plural, rows)
    for permission, (plural, names) in _SEEN.items():
        if name in names:
            return Refused("see", permission, plural, None)
    found = _admin_page(name)
    if found is None:
        return None
    model, page = found
    options, action = model._meta, _action(request, page)
    return Refused(
        verb="see" if action == "view" else action,
        permission=f"{options.app_label}.{action}_{options.model_name}",
        plural=_PLURALS.get(options.label_lower, str(options.verbose_name_plural)),
        rows=_list_of(request, model),
    )


def _admin_page(name: str) -> tuple[Any, str] | None:
    """Return the model and the kind of a page of the admin by the name of its address."""
    found = _PAGE.fullmatch(name)
    if found is None:
        # The list of users changes a password on a page without a model in its name.
        return (apps.get_model("auth", "user"), "change") if name == "auth_user_password_change" else None
    return apps.get_model(found[1], found[2]), found[3]


def _action(request: HttpRequest, page: str) -> str:
    """Return what a request to a page of the admin would do: view, add, change or delete."""
    if page in ("add", "delete"):
        return page
    if request.POST.get("action") == "delete_selected":
        return "delete"
    return "change" if page == "run" or request.method == "POST" else "view"


def _list_of(request: HttpRequest, model: Any) -> str | None:
    """Return the address of the list of a model's rows if the user may see it."""
    options = model._meta
    if not request.user.has_perm(f"{options.app_label}.view_{options.model_name}"):
        return None
    return reverse(f"admin:{options.app_label}_{options.model_name}_changelist")
