"""Cancel and continue a backtest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from backtest import run
from warehouse.models import Backtest
from warehouse.task_names import CeleryTask
from web.backtests.access import for_operators
from web.run_changes import RunChanges

_CHANGES = RunChanges(
    "backtest", "symbols", "backtest", Backtest, run.cancel, run.resume, CeleryTask.START_BACKTEST
)


@for_operators
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/backtests/<pk>/cancel/`: cancel an unfinished backtest; finished symbols are kept."""
    return _CHANGES.cancel(request, pk)


@for_operators
@require_POST
def resume(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve POST of `/backtests/<pk>/resume/`: let a canceled or failed backtest continue."""
    return _CHANGES.resume(request, pk)
