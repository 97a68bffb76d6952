"""The page that compares two finished backtests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.contrib import admin
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from backtest import store
from backtest.columns import OutcomeColumns
from backtest.comparison import compare
from backtest.report.counted import counted_once, is_of_profits
from warehouse.models import Backtest
from warehouse.models.enums import BacktestStatus
from web import formats
from web.backtests import rows
from web.backtests.access import for_viewers
from web.backtests.chosen import ACTIVE
from web.backtests.detector_table import Cell, in_r, rate_cell, rate_text, tone_of
from web.backtests.page import POPULATIONS, read
from web.signals.naming import detector_title


class Side(NamedTuple):
    """A detector in one of the two backtests."""

    trades: str
    win_rate: Cell
    interval: str
    expectancy: Cell


class ComparedRow(NamedTuple):
    """A detector of both backtests, and the difference of its expectancies; None for a side without it."""

    title: str
    sides: tuple[Side | None, Side | None]
    difference: Cell


@for_viewers
def choose_comparison(request: HttpRequest, pk: int) -> HttpResponse:
    """Serve `/backtests/<pk>/compare/?with=<other>`: lead to the page of the comparison."""
    other = request.GET.get("with", "")
    if not (other.isascii() and other.isdigit()):
        raise BadRequest("with is the number of a backtest")
    return redirect("backtest-comparison", pk, int(other))


@for_viewers
def show_comparison(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    """Serve `/backtests/<pk>/compare/<other>/`: the first backtest against the other; 404 unless both are done."""
    population = request.GET.get("population", "signals")
    if population not in POPULATIONS:
        raise BadRequest(f"population is one of {', '.join(POPULATIONS)}")
    pair = [read(pk), read(other)]
    if pk == other or any(one.status != BacktestStatus.DONE or one.result is None for one in pair):
        raise Http404("two finished backtests are needed")
    outcomes = [_shown(one, population) for one in pair]
    found = compare(*outcomes)
    context = {
        **admin.site.each_context(request),
        "title": f"Backtest {pk} against {other}",
        "pair": [rows.row_of(one, (one.result or {}).get("signals")) for one in pair],
        "sentence": str(found),
        "differences": _differences(pair[0], pair[1], _common(*outcomes)),
        "population": population,
        "populations": POPULATIONS,
        "table": _table(*(_numbers(one, population) for one in pair)),
    }
    return render(request, "web/backtests/comparison.html", context)


def _shown(backtest: Backtest, population: str) -> OutcomeColumns:
    """Return the outcomes that count in totals (`backtest.report.counted`), those of signals or of all firings."""
    outcomes, _ = store.read_outcomes(int(backtest.pk))
    counted = counted_once(outcomes)
    if population == "signals":
        counted &= outcomes.disposition == ACTIVE
    return outcomes.pick(counted)


def _differences(first: Backtest, second: Backtest, common: int) -> list[str]:
    """Return what else differs between two backtests, and what the comparison cannot allow for, in sentences."""
    found = []
    for words, one, other in (
        ("symbols", ", ".join(first.symbols), ", ".join(second.symbols)),
        ("ranges", rows.range_of(first), rows.range_of(second)),
        ("lengths of bars", str(first.timeframe), str(second.timeframe)),
        ("detectors", _detectors(first), _detectors(second)),
        (
            "rules",
            "; ".join(rows.rules_in_words(first.request)),
            "; ".join(rows.rules_in_words(second.request)),
        ),
        ("code", str(first.code_version), str(second.code_version)),
    ):
        if one != other:
            found.append(f"They have different {words}: {one}, and {other}.")
    symbols = _symbols_with_other_data(first, second)
    if symbols:
        found.append(f"They have different stored data of {', '.join(symbols)}.")
    if common:
        found.append(
            f"{formats.number(common)} firings are in both. Fisher's test treats them as independent, so read the"
            " interval of the expectancy, which draws the sessions of both together."
        )
    return found


def _symbols_with_other_data(first: Backtest, second: Backtest) -> list[str]:
    """Return the symbols of both backtests whose stored data differ; none where other data were asked for.

    Which options are read depends on the signals, so that those of priced backtests cannot be compared unless all
    other rules are equal.
    """
    asked = [
        (one.first_session, one.last_session, one.timeframe, one.method_version, one.request.get("priced"))
        for one in (first, second)
    ]
    rules = [_without_time(one) for one in (first, second)]
    if asked[0] != asked[1] or (first.request.get("priced") and rules[0] != rules[1]):
        return []
    one, other = (
        {str(part.symbol): part.fingerprint for part in each.parts.all()} for each in (first, second)
    )
    return sorted(symbol for symbol in one.keys() & other.keys() if one[symbol] != other[symbol])


def _without_time(backtest: Backtest) -> dict[str, Any]:
    """Return the request without its symbols and without the instant up to which facts are known."""
    return {name: value for name, value in backtest.request.items() if name not in ("symbols", "until_ms")}


def _detectors(backtest: Backtest) -> str:
    return rows.detectors_in_words(backtest.request)


def _common(first: OutcomeColumns, second: OutcomeColumns) -> int:
    """Return the number of firings of the same symbol, detector, direction and bar."""
    keys = [
        set(
            zip(
                *(getattr(one, name).tolist() for name in ("symbol", "detector", "direction", "bar_end")),
                strict=True,
            )
        )
        for one in (first, second)
    ]
    return len(keys[0] & keys[1])


def _numbers(backtest: Backtest, population: str) -> dict[str, Mapping[str, Any]]:
    result: dict[str, Any] = backtest.result or {}
    return {
        one["detector"]: one
        for one in result["populations"][population]["detectors"]
        if one["trades"] and is_of_profits(one["detector"])
    }


def _table(first: dict[str, Mapping[str, Any]], second: dict[str, Mapping[str, Any]]) -> list[ComparedRow]:
    found = []
    for name in sorted({*first, *second}):
        sides = first.get(name), second.get(name)
        values = [one["expectancy_r"] if one else None for one in sides]
        known = None not in values
        difference = values[0] - values[1] if known else None  # type: ignore[operator]  # both are numbers
        found.append(
            ComparedRow(
                detector_title(name),
                (_side(sides[0]), _side(sides[1])),
                Cell(in_r(difference), difference, tone_of(difference)),
            )
        )
    return found


def _side(numbers: Mapping[str, Any] | None) -> Side | None:
    if numbers is None:
        return None
    is_grey = bool(numbers["too_few"])
    expectancy = numbers["expectancy_r"]
    return Side(
        f"{formats.number(numbers['trades'])}{', too few' if is_grey else ''}",
        rate_cell(numbers["win_rate"], is_grey),
        rate_text(numbers["win_rate"]),
        Cell(in_r(expectancy), expectancy, "" if is_grey else tone_of(expectancy)),
    )
