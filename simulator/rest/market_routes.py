"""Endpoints of market status, coming holidays, option conditions and exchanges."""

from __future__ import annotations

import datetime as dt

from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import NEW_YORK, close_of, is_open, open_of, sessions
from simulator.market.opra import condition_rows, exchange_rows
from simulator.rest.access import world_for
from simulator.rest.paging import read_page
from simulator.rest.responses import answer, results

_EARLY_HOURS, _LATE_HOURS = dt.time(4), dt.time(20)
_UPCOMING_DAYS = 365
_FULL_CLOSE = dt.time(16)
_EXCHANGES = ("NYSE", "NASDAQ", "OTC")
_INDEX_GROUPS = (
    "s_and_p",
    "nasdaq",
    "dow_jones",
    "ftse_russell",
    "msci",
    "mstar",
    "mstarc",
    "cccy",
    "cgi",
    "societe_generale",
)


async def status_now(request: Request) -> Response:
    """Serve GET /v1/marketstatus/now with the clock of the simulated world."""
    world = world_for(request)
    now = world.now().astimezone(NEW_YORK).replace(microsecond=0)
    date = now.date()
    early = late = False
    if sessions(date, date):
        early = now.time() >= _EARLY_HOURS and now < open_of(date)
        late = now >= close_of(date) and now.time() < _LATE_HOURS
    market = "open" if is_open(now) else "extended-hours" if early or late else "closed"
    return answer(
        {
            "market": market,
            "earlyHours": early,
            "afterHours": late,
            "serverTime": now.isoformat(),
            "exchanges": {"nyse": market, "nasdaq": market, "otc": market},
            "currencies": {"fx": "open" if date.weekday() < 5 else "closed", "crypto": "open"},
            "indicesGroups": dict.fromkeys(_INDEX_GROUPS, "open" if market == "open" else "closed"),
        }
    )


async def status_upcoming(request: Request) -> Response:
    """Serve GET /v1/marketstatus/upcoming: a bare array of holidays and early closes of the next 12 months."""
    today = world_for(request).now().astimezone(NEW_YORK).date()
    days = [today + dt.timedelta(days=number) for number in range(1, _UPCOMING_DAYS)]
    open_days = set(sessions(days[0], days[-1]))
    rows = []
    for date in days:
        if date in open_days and close_of(date).astimezone(NEW_YORK).time() < _FULL_CLOSE:
            hours = {"open": _utc_text(open_of(date)), "close": _utc_text(close_of(date))}
            row = {"date": date.isoformat(), "name": "Early close", "status": "early-close"} | hours
        elif date not in open_days and date.weekday() < 5:
            row = {"date": date.isoformat(), "name": "Market holiday", "status": "closed"}
        else:
            continue
        rows += [row | {"exchange": exchange} for exchange in _EXCHANGES]
    return answer(rows)


def _utc_text(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


async def conditions(request: Request) -> Response:
    """Serve GET /v3/reference/conditions, for options only."""
    world = world_for(request)
    page = read_page(request, world.chain_second())
    rows = condition_rows() if page.parameters.get("asset_class", "options") == "options" else []
    if page.parameters.get("id"):
        rows = [row for row in rows if str(row["id"]) == page.parameters["id"]]
    return results(rows[: page.limit(10, 1000)], count=len(rows))


async def exchanges(request: Request) -> Response:
    """Serve GET /v3/reference/exchanges, for options only, without pages."""
    world_for(request)
    rows = exchange_rows() if request.query_params.get("asset_class", "options") == "options" else []
    return results(rows, count=len(rows))
