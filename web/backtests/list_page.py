"""The page of all stored backtests with the form of a new one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

from backtest import store
from warehouse import clock
from warehouse.task_names import CeleryTask
from web.backtests import rows
from web.backtests.access import RUN, data_for_viewers, for_viewers
from web.backtests.form import BacktestForm
from web.sending import send_or_warn

MOST_ROWS = 100


@for_viewers
def show_backtests(request: HttpRequest) -> HttpResponse:
    """Serve `/backtests/`: the newest backtests and the form; with POST store a backtest and send its task.

    403 for a POST of a user who may not ask for backtests. A form that is not valid is shown again with a sentence.
    """
    now = clock.now()
    may_run = request.user.has_perm(RUN)
    form = BacktestForm(now=now)
    if request.method == "POST":
        if not may_run:
            raise PermissionDenied
        form = BacktestForm(request.POST, now=now)
        if form.is_valid():
            made = store.create(form.asked, request.user.get_username(), clock.epoch_ms(now))
            send_or_warn(request, CeleryTask.START_BACKTEST, int(made.pk), "the backtest starts")
            return redirect("backtest", made.pk)
    found = rows.newest(MOST_ROWS + 1)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Strategy Backtesting",
        "form": form,
        "may_run": may_run,
        "rows": found[:MOST_ROWS],
        "is_cut": len(found) > MOST_ROWS,
        "most": MOST_ROWS,
        "is_live": any(one.is_unfinished for one in found),
    }
    return render(request, "web/backtests/list.html", context)


@data_for_viewers
def show_rows(request: HttpRequest) -> HttpResponse:
    """Serve `/backtests/rows.json`: the table of the list as HTML, and whether a backtest in it is unfinished."""
    found = rows.newest(MOST_ROWS + 1)
    html = render_to_string("web/backtests/rows.html", {"rows": found[:MOST_ROWS]}, request)
    return JsonResponse({"html": html, "live": any(one.is_unfinished for one in found)})
