"""Cancel and continue an optimisation."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from backtest.optimiser import run
from warehouse import clock
from warehouse.models import Optimization
from warehouse.task_names import CeleryTask
from web.optimiser.access import for_operators
from web.sending import send


@for_operators
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/optimiser/<pk>/cancel/`: cancel an unfinished optimisation; finished steps are kept."""
    get_object_or_404(Optimization.objects.only("id"), pk=pk)
    if run.cancel(pk, clock.now_ms()):
        messages.success(request, "The optimisation is canceled; finished steps are kept.")
    else:
        messages.warning(request, "The optimisation had ended, so that it was not canceled.")
    return redirect("optimization", pk)


@for_operators
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/optimiser/<pk>/resume/`: let a canceled or failed optimisation continue."""
    get_object_or_404(Optimization.objects.only("id"), pk=pk)
    if not run.resume(pk):
        messages.warning(request, "The optimisation is done, so that there is nothing to continue.")
    elif not send(CeleryTask.RUN_OPTIMIZATION, pk):
        messages.warning(
            request, "The message broker cannot be reached: the optimisation continues when it can be."
        )
    return redirect("optimization", pk)
