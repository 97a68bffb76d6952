"""The page of one optimisation: progress, numbers in sample and out of sample, folds, weights and promotion."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse

from backtest.optimiser import promotion
from backtest.optimiser.request import from_json
from backtest.run import RESUMABLE, UNFINISHED
from warehouse import clock
from warehouse.models import Optimization
from warehouse.models.enums import BacktestStatus, ConfigStatus
from web.backtests.detector_table import place_of
from web.charts.figures import chart_context
from web.optimiser import history, rows
from web.optimiser.access import PROMOTE, RUN, data_for_viewers, for_viewers
from web.optimiser.fold_table import fold_rows, total_rows
from web.optimiser.form import OptimizationForm
from web.optimiser.summary import values
from web.optimiser.weights import exits_in_words, groups


@for_viewers
def show_optimization(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/optimiser/<pk>/`."""
    found = Optimization.objects.select_related("config").defer("state")
    optimization = get_object_or_404(found, pk=pk)
    asked = from_json(optimization.request)
    result = optimization.result if optimization.status == BacktestStatus.DONE else None
    may_run = request.user.has_perm(RUN)
    document = reverse("optimization-chart", args=[pk, "x"]).removesuffix("x.json")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": f"Optimisation {pk}",
        "optimization": optimization,
        "row": rows.row_of(optimization, result),
        "limits": rows.limits_in_words(asked),
        "form": OptimizationForm(now=clock.now(), like=asked) if may_run else None,
        "may_cancel": may_run and optimization.status in UNFINISHED,
        "may_resume": may_run and optimization.status in RESUMABLE,
        "has_generations": bool(optimization.generations),
        "charts": {name: chart_context(name, f"{document}{name}") for name in ("generations", "overfitting")},
    }
    if result is not None:
        context |= _result_context(optimization, result, may_promote=request.user.has_perm(PROMOTE))
    return render(request, "web/optimiser/optimization.html", context)


@data_for_viewers
def show_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/optimiser/<pk>/progress.json`: the progress as HTML, and whether the optimisation is unfinished."""
    row = rows.row_of(get_object_or_404(Optimization.objects.defer(*rows.LARGE), pk=pk), None)
    html = render_to_string("web/optimiser/progress.html", {"row": row}, request)
    return JsonResponse({"html": html, "live": row.is_unfinished})


@data_for_viewers
def export_result(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/optimiser/<pk>/result.json`: all numbers of the optimisation, and what they depend on."""
    found = get_object_or_404(Optimization.objects.defer("state", "generations"), pk=pk)
    answer = JsonResponse(
        {
            "optimization": pk,
            "request": found.request,
            "fingerprint": found.fingerprint,
            "codeVersion": found.code_version,
            "verified": found.is_verified,
            **(found.result or {}),
        },
        json_dumps_params={"indent": 2},
    )
    answer["Content-Disposition"] = f'attachment; filename="optimisation-{pk}.json"'
    return answer


def _result_context(
    optimization: Optimization, result: dict[str, Any], *, may_promote: bool
) -> dict[str, Any]:
    config = optimization.config
    reason = promotion.refusal(optimization)
    word, tone = history.STATES[ConfigStatus(config.status)] if config else ("DELETED", "warn")
    return {
        "result": result,
        "values": values(result),
        "folds": fold_rows(result),
        "totals": total_rows(result),
        "goal": place_of(result["target"]),
        "groups": groups(result),
        "exits": exits_in_words(result["confluenceWeights"]),
        "config": config,
        "config_word": word,
        "config_tone": tone,
        "consequences": promotion.consequences(optimization),
        "reason": reason,
        "asks_twice": promotion.asks_twice(optimization),
        "may_promote": may_promote and not reason,
    }
