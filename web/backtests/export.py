"""Export of a backtest: its outcomes as CSV, and its statistics as JSON."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404

from backtest.columns import IN_ORDER
from backtest.text import as_records
from warehouse.models import Backtest, BacktestOutcome
from web.backtests.access import data_for_viewers
from web.lists.export import stream


@data_for_viewers
def export_outcomes(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/backtests/<pk>/outcomes.csv`: all outcomes in the order of their bars; 429 during another export."""
    get_object_or_404(Backtest.objects.only("id"), pk=pk)
    found = BacktestOutcome.objects.filter(backtest_id=pk).order_by(*IN_ORDER)
    return stream(found, BacktestOutcome._meta.fields, f"backtest-{pk}-outcomes.csv")


@data_for_viewers
def export_records(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/backtests/<pk>/result.json`: one record per detector, and what the result depends on."""
    answer = JsonResponse(as_records(get_object_or_404(Backtest, pk=pk)), json_dumps_params={"indent": 2})
    answer["Content-Disposition"] = f'attachment; filename="backtest-{pk}.json"'
    return answer
