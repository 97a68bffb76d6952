"""The page of the watch lists of all watched symbols."""

from __future__ import annotations

from typing import NamedTuple

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from quant.sessions import DAY_MS
from warehouse import asof, clock
from warehouse.asof import iv
from warehouse.asof.rows import present
from warehouse.models import WatchlistEntry
from web import formats
from web.data_answers import may_view
from web.volatility.crushes import Crush, NextEvent, read_events
from web.volatility.ramps import Ramp, read_ramp
from web.volatility.vix_term import VixTerm, read_vix_term

_READ_MS = 10 * DAY_MS


class Row(NamedTuple):
    """One symbol: texts of its last stored session, its ramp and its events."""

    symbol: str
    session: str
    at_the_money: str
    skew: str
    slope: str
    move: str
    ramp: Ramp
    following: NextEvent | None
    crushes: list[Crush]


def volatility_lists(request: HttpRequest) -> HttpResponse:
    """Serve `/volatility/`: volatility, ramp and events of each watched symbol. 403 without the permission."""
    if not request.user.is_authenticated:
        return redirect_to_login(request.get_full_path(), reverse("admin:login"))
    if not may_view(request):
        raise PermissionDenied
    rows, vix = _read(clock.now_ms())
    context = {
        **admin.site.each_context(request),
        "title": "Volatility",
        "rows": rows,
        "ramps": [row for row in rows if row.ramp.is_detected],
        "crushes": [(row.symbol, crush) for row in rows for crush in row.crushes],
        "vix": vix,
    }
    return render(request, "web/volatility/lists.html", context)


def _read(at_ms: int) -> tuple[list[Row], VixTerm]:
    symbols = list(WatchlistEntry.objects.order_by("symbol").values_list("symbol", flat=True))
    with asof.at(at_ms):
        return [_row(symbol, at_ms) for symbol in symbols], read_vix_term(at_ms)


def _row(symbol: str, at_ms: int) -> Row:
    days = iv.term(symbol, at_ms - _READ_MS, at_ms)
    following, crushes = read_events(symbol, at_ms)
    if not len(days):
        absent = dict.fromkeys(("at_the_money", "skew", "slope", "move"), formats.ABSENT)
        return Row(symbol, "", ramp=read_ramp(symbol, at_ms), following=following, crushes=crushes, **absent)
    move = present(days.implied_move[-1])
    return Row(
        symbol=symbol,
        session=f"{days.date[-1].item():%a %-d %b}",
        at_the_money=formats.percent(float(days.at_the_money[-1]), 1),
        skew=formats.points(float(days.skew_25d_put_minus_call[-1]), 1, sign=True),
        slope=formats.points(float(days.slope[-1]), 1, sign=True),
        move=formats.ABSENT if move is None else f"±{formats.percent(move, 2)}",
        ramp=read_ramp(symbol, at_ms),
        following=following,
        crushes=crushes,
    )
