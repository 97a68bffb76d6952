"""The pages of a symbol and the data documents of its charts, as JSON and CSV."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse

from warehouse import clock
from warehouse.models import WatchlistEntry
from web.access import data_needs
from web.charts.answers import answer_with, refuse
from web.charts.documents.document import ChartDocument, UnknownChoice
from web.charts.documents.gamma import gamma_document
from web.charts.documents.intervals import intervals_document
from web.charts.documents.iv_history import iv_document
from web.charts.documents.price import price_document
from web.charts.documents.profile import CONVENTION_NAMES, profile_document
from web.charts.documents.regime import regime_document
from web.charts.documents.slot_chain import BUCKETS
from web.charts.documents.slots import slots_document
from web.charts.documents.smile import smile_document
from web.charts.documents.summary import summary_document
from web.charts.documents.trades import trades_document
from web.charts.documents.volatility.fitted_smile import fit_document
from web.charts.documents.volatility.skew import skew_document
from web.charts.documents.volatility.summary import volatility_document
from web.charts.documents.volatility.surface import surface_document
from web.charts.documents.volatility.term import term_document
from web.data_answers import PERMISSION, may_view

_LATEST_MS = 4_102_444_800_000  # 2100, the end of the exchange calendar

Read = Callable[[str, int, int | None, QueryDict], ChartDocument]

# Each takes the symbol, the instant of the request, the last time that is shown, and the query.
DOCUMENTS: dict[str, Read] = {
    "summary": lambda symbol, at_ms, slot, _: summary_document(symbol, at_ms, slot),
    "slots": lambda symbol, at_ms, slot, _: slots_document(symbol, at_ms, slot),
    "gamma": lambda symbol, at_ms, slot, query: gamma_document(
        symbol, at_ms, slot, query.get("bucket", "all"), query.get("strikes") == "all"
    ),
    "profile": lambda symbol, at_ms, slot, query: profile_document(
        symbol, at_ms, slot, query.get("bucket", "all")
    ),
    "price": lambda symbol, at_ms, slot, query: price_document(
        symbol, at_ms, slot, query.get("timeframe", "15m")
    ),
    "trades": lambda symbol, at_ms, slot, _: trades_document(symbol, at_ms, slot),
    "intervals": lambda symbol, at_ms, slot, query: intervals_document(
        symbol, at_ms, slot, _number(query.get("minutes", "10"))
    ),
    "iv": lambda symbol, at_ms, slot, _: iv_document(symbol, at_ms, slot),
    "smile": lambda symbol, at_ms, slot, query: smile_document(
        symbol, at_ms, slot, [name for name in query.get("expirations", "").split(",") if name]
    ),
    "volatility": lambda symbol, at_ms, slot, _: volatility_document(symbol, at_ms, slot),
    "surface": lambda symbol, at_ms, slot, _: surface_document(symbol, at_ms, slot),
    "fit": lambda symbol, at_ms, slot, query: fit_document(symbol, at_ms, slot, query.get("expiration")),
    "term": lambda symbol, at_ms, slot, _: term_document(symbol, at_ms, slot),
    "skew": lambda symbol, at_ms, slot, _: skew_document(symbol, at_ms, slot),
}
# Each takes the instant of the request and the last time that is shown.
MARKET_DOCUMENTS: dict[str, Callable[[int, int | None], ChartDocument]] = {"regime": regime_document}


def symbols(request: HttpRequest) -> HttpResponse:
    """Serve `/symbol/`: lead to the page of the first watched symbol, or to the watchlist without one."""
    watched = _watched()
    return (
        redirect("symbol", watched[0]) if watched else redirect("admin:warehouse_watchlistentry_changelist")
    )


def symbol_page(request: HttpRequest, symbol: str) -> HttpResponse:
    """Serve `/symbol/<symbol>/`. 404 for a symbol that is not watched, 403 without the permission to view gamma."""
    buckets = [(name, label) for name, (label, *_) in BUCKETS.items()]
    return _page(
        request,
        symbol,
        symbol,
        "web/charts/symbol.html",
        {"buckets": buckets, "conventions": CONVENTION_NAMES},
    )


def volatility_page(request: HttpRequest, symbol: str) -> HttpResponse:
    """Serve `/symbol/<symbol>/volatility/`, refused as the page of a symbol is."""
    return _page(request, symbol, f"{symbol} volatility", "web/charts/volatility.html", {})


def _page(
    request: HttpRequest, symbol: str, title: str, template: str, values: dict[str, Any]
) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if not may_view(request):
        raise PermissionDenied
    watched = _watched()
    context = {**admin.site.each_context(request), "symbol": symbol, "title": title, "watched": watched}
    if symbol not in watched:
        return render(request, "web/charts/unknown_symbol.html", context, status=404)
    return render(request, template, context | {"strip": range(6)} | values)


def symbol_document(request: HttpRequest, symbol: str, chart: str) -> HttpResponse:
    """Serve `/symbol/<symbol>/<chart>.json`; the query is that of the chart, and `slot` (epoch ms) the time shown."""
    return _of_symbol(request, symbol, chart, as_csv=False)


def symbol_csv(request: HttpRequest, symbol: str, chart: str) -> HttpResponse:
    """Serve `/symbol/<symbol>/<chart>.csv`: the rows of the same document."""
    return _of_symbol(request, symbol, chart, as_csv=True)


def market_document(request: HttpRequest, chart: str) -> HttpResponse:
    """Serve `/market/<chart>.json`, of the market as a whole."""
    return _of_market(request, chart, as_csv=False)


def market_csv(request: HttpRequest, chart: str) -> HttpResponse:
    """Serve `/market/<chart>.csv`: the rows of the same document."""
    return _of_market(request, chart, as_csv=True)


_for_viewers = data_needs(PERMISSION, "gamma exposure")


@_for_viewers
def _of_symbol(request: HttpRequest, symbol: str, chart: str, as_csv: bool) -> HttpResponse:
    if chart not in DOCUMENTS:
        return refuse(f"There is no chart {chart}; there are {', '.join(DOCUMENTS)}.", 404)
    watched = _watched()
    if symbol not in watched:
        return refuse(f"{symbol} is not watched; watched are {', '.join(watched) or 'none'}.", 404)
    return _answer(request, lambda slot: DOCUMENTS[chart](symbol, clock.now_ms(), slot, request.GET), as_csv)


@_for_viewers
def _of_market(request: HttpRequest, chart: str, as_csv: bool) -> HttpResponse:
    if chart not in MARKET_DOCUMENTS:
        return refuse(f"There is no chart {chart}; there are {', '.join(MARKET_DOCUMENTS)}.", 404)
    return _answer(request, lambda slot: MARKET_DOCUMENTS[chart](clock.now_ms(), slot), as_csv)


def _answer(request: HttpRequest, read: Callable[[int | None], ChartDocument], as_csv: bool) -> HttpResponse:
    try:
        document = read(_slot(request.GET.get("slot", "")))
    except UnknownChoice:
        return refuse("A value of the query is not valid.", 400)
    name = "-".join(part for part in (document.symbol, document.chart) if part)
    return answer_with(request, document, name, as_csv=as_csv)


def _watched() -> list[str]:
    return list(WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True))


def _slot(text: str) -> int | None:
    if not text:
        return None
    slot = _number(text)
    if slot > _LATEST_MS:
        raise UnknownChoice(text)
    return slot


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise UnknownChoice(text)
    return int(text)
