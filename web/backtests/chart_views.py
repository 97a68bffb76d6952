"""Data documents of the charts of a backtest, as JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from warehouse.models import Backtest
from warehouse.models.enums import BacktestStatus
from web.backtests.access import data_for_viewers
from web.backtests.chosen import Chosen, choose
from web.backtests.documents.equity import equity_document
from web.backtests.documents.excursions import excursions_document
from web.backtests.documents.heat_maps import hours_document, months_document
from web.backtests.documents.rates import rates_document, scores_document
from web.charts.answers import answer_with, refuse
from web.charts.documents.document import ChartDocument, UnknownChoice

DOCUMENTS: dict[str, Callable[[Chosen], ChartDocument]] = {
    "equity": equity_document,
    "rates": rates_document,
    "hours": hours_document,
    "scores": scores_document,
    "excursions": excursions_document,
    "months": months_document,
}


@data_for_viewers
def show_chart(request: HttpRequest, pk: int, chart: str) -> HttpResponse:
    """Serve `/backtests/<pk>/<chart>.json`; the query has `population` and `detector`."""
    return _answer(request, pk, chart, as_csv=False)


@data_for_viewers
def show_chart_csv(request: HttpRequest, pk: int, chart: str) -> HttpResponse:
    """Serve `/backtests/<pk>/<chart>.csv`: the rows of the same document."""
    return _answer(request, pk, chart, as_csv=True)


def _answer(request: HttpRequest, pk: int, chart: str, *, as_csv: bool) -> HttpResponse:
    if chart not in DOCUMENTS:
        return refuse(f"There is no chart {chart}; there are {', '.join(DOCUMENTS)}.", 404)
    backtest = get_object_or_404(Backtest.objects.defer("result"), pk=pk)
    if backtest.status != BacktestStatus.DONE:
        return refuse("This backtest has no result.", 404)
    try:
        chosen = choose(
            backtest, request.GET.get("population", "signals"), request.GET.get("detector", "all")
        )
    except UnknownChoice:
        return refuse("A value of the query is not valid.", 400)
    return answer_with(request, DOCUMENTS[chart](chosen), f"backtest-{pk}-{chart}", as_csv=as_csv)
