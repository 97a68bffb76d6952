"""Data documents of the charts of an optimisation, as JSON and CSV."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from backtest.optimiser.request import from_json
from warehouse.models import Optimization
from web.charts.answers import answer_with, refuse
from web.optimiser.access import data_for_viewers
from web.optimiser.documents.generations import generations_document
from web.optimiser.documents.overfitting import overfitting_document

NAMES = ("generations", "overfitting")


@data_for_viewers
def show_chart(request: HttpRequest, pk: int, chart: str) -> HttpResponse:
    """Serve `/optimiser/<pk>/<chart>.json`; the chart is one of NAMES."""
    return _answer(request, pk, chart, as_csv=False)


@data_for_viewers
def show_chart_csv(request: HttpRequest, pk: int, chart: str) -> HttpResponse:
    """Serve `/optimiser/<pk>/<chart>.csv`: the rows of the same document."""
    return _answer(request, pk, chart, as_csv=True)


def _answer(request: HttpRequest, pk: int, chart: str, *, as_csv: bool) -> HttpResponse:
    if chart not in NAMES:
        return refuse(f"There is no chart {chart}; there are {', '.join(NAMES)}.", 404)
    large = "result" if chart == "generations" else "generations"
    found = get_object_or_404(Optimization.objects.defer("state", large), pk=pk)
    if chart == "generations":
        document = generations_document(from_json(found.request), found.generations or {})
    elif found.result is None:
        return refuse("This optimisation has no result.", 404)
    else:
        document = overfitting_document(found.result)
    return answer_with(request, document, f"optimisation-{pk}-{chart}", as_csv=as_csv)
