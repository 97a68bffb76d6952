"""Cancel and continue a backtest."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from backtest import run
from warehouse import clock
from warehouse.models import Backtest
from warehouse.task_names import CeleryTask
from web.backtests.access import for_operators
from web.sending import send


@for_operators
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/backtests/<pk>/cancel/`: cancel an unfinished backtest; finished symbols are kept."""
    get_object_or_404(Backtest.objects.only("id"), pk=pk)
    if run.cancel(pk, clock.now_ms()):
        messages.success(request, "The backtest is canceled; finished symbols are kept.")
    else:
        messages.warning(request, "The backtest had ended, so that it was not canceled.")
    return redirect("backtest", pk)


@for_operators
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/backtests/<pk>/resume/`: let a canceled or failed backtest continue."""
    get_object_or_404(Backtest.objects.only("id"), pk=pk)
    if not run.resume(pk):
        messages.warning(request, "The backtest is done, so that there is nothing to continue.")
    elif not send(CeleryTask.START_BACKTEST, pk):
        messages.warning(
            request, "The message broker cannot be reached: the backtest continues when it can be."
        )
    return redirect("backtest", pk)
