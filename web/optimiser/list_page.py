"""The page of all optimisations with the form of a new one, and the history of the weights that the scanner used."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from backtest.optimiser import run
from warehouse import clock
from warehouse.task_names import CeleryTask
from web.optimiser import history, rows
from web.optimiser.access import PROMOTE, RUN, data_for_viewers, for_viewers
from web.optimiser.form import OptimizationForm
from web.sending import send_or_warn

MOST_ROWS = 100


@for_viewers
def show_optimizations(request: HttpRequest) -> HttpResponse:
    """Serve `/optimiser/`: the newest optimisations, the form and the history; with POST store one and send its task.

    403 for a POST of a user who may not ask for optimisations. A form that is not valid is shown with a sentence.
    """
    now = clock.now()
    may_run = request.user.has_perm(RUN)
    form = OptimizationForm(now=now)
    if request.method == "POST":
        if not may_run:
            raise PermissionDenied
        form = OptimizationForm(request.POST, now=now)
        if form.is_valid():
            made = run.create(form.asked, request.user.get_username(), clock.epoch_ms(now))
            send_or_warn(request, CeleryTask.RUN_OPTIMIZATION, int(made.pk), "the optimisation starts")
            return redirect("optimization", made.pk)
    found = rows.newest(MOST_ROWS + 1)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Optimiser",
        "form": form,
        "may_run": may_run,
        "may_promote": request.user.has_perm(PROMOTE),
        "rows": found[:MOST_ROWS],
        "is_cut": len(found) > MOST_ROWS,
        "most": MOST_ROWS,
        "is_live": any(one.is_unfinished for one in found),
        "active": history.active(),
        "history": history.promoted(MOST_ROWS),
    }
    return render(request, "web/optimiser/list.html", context)


@data_for_viewers
def show_rows(request: HttpRequest) -> HttpResponse:
    """Serve `/optimiser/rows.json`: the table of the list as HTML, and whether an optimisation is unfinished."""
    found = rows.newest(MOST_ROWS + 1)
    html = render_to_string("web/optimiser/rows.html", {"rows": found[:MOST_ROWS]}, request)
    return JsonResponse({"html": html, "live": any(one.is_unfinished for one in found)})
