"""The page of a session's signals: those that are ready or watched first, blocked and weak ones on request."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from quant import sessions
from signals.anchors import EARLIEST
from warehouse import clock
from warehouse.models import Signal
from warehouse.models.enums import Disposition
from web.signals.access import for_viewers
from web.signals.prices import newest_prices
from web.signals.rows import rows_of

MOST_ROWS = 500
# Name in the address, words, and the dispositions that are shown.
FILTERS = {
    "signals": ("Signals", (Disposition.ACTIVE,)),
    "blocked": ("Blocked", (Disposition.BLOCKED,)),
    "below": ("Below the minimum", (Disposition.BELOW_MINIMUM,)),
    "all": ("All firings", tuple(Disposition)),
}


@for_viewers
def show_signals(request: HttpRequest) -> HttpResponse:
    """Serve `/signals/`; the query has `day` (ISO date), `show` (one of FILTERS) and `symbol`, all optional."""
    now_ms = clock.now_ms()
    day, show = _day(request.GET.get("day", ""), now_ms), request.GET.get("show", "signals")
    symbol = request.GET.get("symbol", "").upper()
    if show not in FILTERS:
        raise BadRequest(f"show is one of {', '.join(FILTERS)}")
    of_day = _of_day(day)
    counts = {one.value: 0 for one in Disposition}
    for disposition in of_day.values_list("disposition", flat=True):
        counts[str(disposition)] += 1
    found = of_day.filter(disposition__in=FILTERS[show][1])
    if symbol:
        found = found.filter(symbol=symbol)
    shown = list(found.order_by("-bar_end", "-final_score", "id")[: MOST_ROWS + 1])
    prices = newest_prices((str(one.symbol) for one in shown), now_ms) if day == _present(now_ms) else {}
    rows = sorted(
        rows_of(shown[:MOST_ROWS], prices, now_ms),
        key=lambda row: (not row.state.is_ready, not row.state.is_live),
    )
    return render(
        request,
        "web/signals/list.html",
        {
            **admin.site.each_context(request),
            "title": "Signals",
            "day": day,
            "is_today": day == _present(now_ms),
            "previous": sessions.previous_session(day),
            "following": sessions.next_session(day) if day < _present(now_ms) else None,
            "rows": rows,
            "is_cut": len(shown) > MOST_ROWS,
            "most": MOST_ROWS,
            "symbol": symbol,
            "show": show,
            "alert_score": settings.ALERT_SCORE,
            "ready": sum(row.state.is_ready for row in rows),
            "filters": [_filter(name, counts, show, day, symbol) for name in FILTERS],
            "kept": urlencode({"show": show} | ({"symbol": symbol} if symbol else {})),
        },
    )


def _filter(name: str, counts: dict[str, int], show: str, day: dt.date, symbol: str) -> dict[str, Any]:
    words, dispositions = FILTERS[name]
    query = {"day": day.isoformat(), "show": name} | ({"symbol": symbol} if symbol else {})
    return {
        "words": words,
        "count": sum(counts[one.value] for one in dispositions),
        "query": urlencode(query),
        "chosen": name == show,
    }


def _of_day(day: dt.date) -> QuerySet[Signal]:
    opens, closes = (clock.epoch_ms(each(day)) for each in (sessions.open_of, sessions.close_of))
    return Signal.objects.filter(bar_end__gt=opens, bar_end__lte=closes)


def _present(now_ms: int) -> dt.date:
    """Return the session that takes place, or the last one that did."""
    today = sessions.new_york_date(clock.instant(now_ms))
    opened = [
        day
        for day in sessions.sessions(today - dt.timedelta(days=10), today)
        if clock.epoch_ms(sessions.open_of(day)) <= now_ms
    ]
    return opened[-1]


def _day(text: str, now_ms: int) -> dt.date:
    """Return the session of an ISO date: the last one on or before it, the present one without a date."""
    present = _present(now_ms)
    if not text:
        return present
    try:
        wanted = dt.date.fromisoformat(text)
        found = sessions.sessions(wanted - dt.timedelta(days=10), wanted)
    except (ValueError, OverflowError) as error:
        raise BadRequest("day is a date such as 2026-11-24") from error
    if not found or wanted < EARLIEST:
        raise BadRequest("the exchange calendar has no session near this day")
    return min(found[-1], present)
