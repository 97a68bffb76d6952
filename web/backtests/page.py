"""The page of one backtest: state, progress, guards, table of detectors, charts and comparisons."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse

from backtest.request import from_json
from backtest.run import RESUMABLE, UNFINISHED
from warehouse import clock
from warehouse.models import Backtest, BacktestSymbol
from warehouse.models.enums import BacktestStatus
from web import formats
from web.backtests import rows
from web.backtests.access import RUN, data_for_viewers, for_viewers
from web.backtests.detector_table import HEADINGS, detector_rows
from web.backtests.form import BacktestForm
from web.backtests.group_tables import group_tables, own_tables, pattern_rows, totals_in_words
from web.backtests.option_table import HEADINGS as OPTION_HEADINGS
from web.backtests.option_table import option_table
from web.charts.figures import chart_context

POPULATIONS = {"signals": "Signals", "firings": "All firings"}
CHARTS = ("equity", "rates", "hours", "scores", "excursions", "months")
MOST_OTHERS = 20  # backtests that a comparison offers


class Guard(NamedTuple):
    """A check of a backtest: the words and the class of its badge, and what was found."""

    words: str
    tone: str
    detail: str


@for_viewers
def show_backtest(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/backtests/<pk>/`; the query has `population` (one of POPULATIONS) and `detector`, both optional."""
    backtest = read(pk)
    population = request.GET.get("population", "signals")
    if population not in POPULATIONS:
        raise BadRequest(f"population is one of {', '.join(POPULATIONS)}")
    result = backtest.result if backtest.status == BacktestStatus.DONE else None
    may_run = request.user.has_perm(RUN)
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Strategy Backtesting",
        "backtest": backtest,
        "row": rows.row_of(backtest, (result or {}).get("signals")),
        "rules": ", ".join(rules_of(backtest)),
        "guards": guards_of(backtest.guards),
        "may_run": may_run,
        "form": BacktestForm(now=clock.now(), like=from_json(backtest.request)) if may_run else None,
        "may_cancel": may_run and backtest.status in UNFINISHED,
        "may_resume": may_run and backtest.status in RESUMABLE,
    }
    if result is not None:
        context |= _result_context(backtest, result, population, request.GET.get("detector", "all"))
    return render(request, "web/backtests/backtest.html", context)


@data_for_viewers
def show_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/backtests/<pk>/progress.json`: the progress as HTML, and whether the backtest is unfinished."""
    row = rows.row_of(read(pk, with_result=False), None)
    html = render_to_string("web/backtests/progress.html", {"row": row}, request)
    return JsonResponse({"html": html, "live": row.is_unfinished})


def read(pk: int, *, with_result: bool = True) -> Backtest:
    """Return a backtest with its symbols; 404 if there is none."""
    parts = BacktestSymbol.objects.defer("has_data", "no_data").order_by("symbol")
    found = Backtest.objects.prefetch_related(Prefetch("parts", parts))
    return get_object_or_404(found if with_result else found.defer("result"), pk=pk)


def rules_of(backtest: Backtest) -> list[str]:
    """Return the rules of trading in words."""
    return list(rows.rules_in_words(backtest.request))


def guards_of(stored: dict[str, Any]) -> list[Guard]:
    """Return the checks for later facts and for the length of the history."""
    ahead, warm = stored.get("look_ahead"), stored.get("warm_up")
    found = [Guard("LOOK-AHEAD CHECK NOT RUN", "plain", ""), Guard("WARM-UP NOT RUN", "plain", "")]
    if ahead is not None:
        differing = ", ".join(ahead["differing"])
        detail = f"{formats.number(ahead['bars'])} bars checked"
        found[0] = (
            Guard("LOOK-AHEAD CHECK FAILED", "bad", f"later facts in {differing}; {detail}")
            if differing
            else Guard("LOOK-AHEAD CHECK PASSED", "good", detail)
        )
    if warm is not None:
        failing = ", ".join(warm["failing"])
        found[1] = (
            Guard("WARM-UP FAILED", "bad", f"still depend on where their history begins: {failing}")
            if failing
            else Guard("WARM-UP PASSED", "good", "no indicator depends on where its history begins")
        )
    return found


def _result_context(
    backtest: Backtest, result: dict[str, Any], population: str, detector: str
) -> dict[str, Any]:
    table = detector_rows(result, population)
    names = [row.name for row in table]
    chosen = detector if detector in names else "all"
    others = Backtest.objects.filter(status=BacktestStatus.DONE).exclude(pk=backtest.pk)
    document = reverse("backtest-chart", args=[backtest.pk, "equity"]).removesuffix("equity.json")
    query = f"population={population}&detector={chosen}"
    return {
        "result": result,
        "population": population,
        "populations": POPULATIONS,
        "headings": HEADINGS,
        "table": table,
        "has_signals": any(row.cells[0].value for row in table),
        "tried": len(table),
        "totals": totals_in_words(result, population),
        "own_tables": own_tables(result, population),
        "options": option_table(result, population),
        "option_headings": OPTION_HEADINGS,
        "spread_share": formats.percent(backtest.request.get("spread_share"), 0),
        "patterns": pattern_rows(result),
        "group_tables": group_tables(result, population),
        "detectors": [(row.name, row.title) for row in table],
        "chosen": chosen,
        "charts": {name: chart_context(name, f"{document}{name}", "", query) for name in CHARTS},
        "comparisons": [(name, one["sentence"]) for name, one in result["comparisons"].items()],
        "others": [
            (one.pk, f"{one.pk}: {', '.join(one.symbols)}, {one.timeframe}, {rows.range_of(one)}")
            for one in others.defer("result", "guards").order_by("-id")[:MOST_OTHERS]
        ],
    }
