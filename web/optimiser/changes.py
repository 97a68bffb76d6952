"""Cancel and continue an optimisation."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from backtest.optimiser import run
from warehouse.models import Optimization
from warehouse.task_names import CeleryTask
from web.optimiser.access import for_operators
from web.run_changes import RunChanges

_CHANGES = RunChanges(
    "optimisation", "steps", "optimization", Optimization, run.cancel, run.resume, CeleryTask.RUN_OPTIMIZATION
)


@for_operators
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/optimiser/<pk>/cancel/`: cancel an unfinished optimisation; finished steps are kept."""
    return _CHANGES.cancel(request, pk)


@for_operators
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/optimiser/<pk>/resume/`: let a canceled or failed optimisation continue."""
    return _CHANGES.resume(request, pk)
