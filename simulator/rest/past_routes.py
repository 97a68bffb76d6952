"""Endpoints of past sessions in sums, which the provider does not have. They fill a new simulated warehouse.

`GET /simulator/past/gamma/{symbol}/{date}?until_ms=&minutes=` has the dealer gamma of each slot before that time, one
every 15 `minutes` by default, `GET /simulator/past/flow/{date}?until_ms=` the trades of each interval of 15 minutes,
with the fields of `simulator.past.flow.Rules` as parameters, and
`GET /simulator/past/volatility/{symbol}?first=&last=` the volatility of each session. Times are epoch milliseconds.
"""

from __future__ import annotations

import datetime as dt

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import sessions, slots
from simulator.past.flow import Rules, flow_intervals
from simulator.past.gamma import gamma_slots
from simulator.past.volatility import volatility_days
from simulator.rest.access import world_for
from simulator.rest.paging import calendar_date
from simulator.rest.responses import answer, bad_request, not_found
from simulator.universe.instruments import INSTRUMENTS

_USUAL = Rules()._asdict()


async def gamma(request: Request) -> Response:
    """Serve GET /simulator/past/gamma/{symbol}/{date}: columns of one value per slot."""
    world, symbol = world_for(request), _symbol(request)
    date = calendar_date(request.path_params["date"], "date")
    until = _until(request, world.now())
    minutes = request.query_params.get("minutes", "15")
    if not minutes.isdigit() or minutes == "0":
        raise bad_request(f"invalid minutes: {minutes}")
    seconds = [int(slot.timestamp()) for slot in slots(date, int(minutes)) if slot < until]
    columns = await run_in_threadpool(gamma_slots, world.market, symbol, date, seconds)
    return answer({"slots": [1000 * second for second in seconds]} | columns)


async def flow(request: Request) -> Response:
    """Serve GET /simulator/past/flow/{date}: by symbol of the stream, columns of one value per interval."""
    world, asked = world_for(request), request.query_params
    date = calendar_date(request.path_params["date"], "date")
    if not sessions(date, date):
        raise not_found("Data not found.")
    rate = request.app.state.stream.settings.trades_per_second
    try:
        rules = Rules(**{name: type(usual)(asked.get(name, usual)) for name, usual in _USUAL.items()})
    except ValueError:
        raise bad_request("a rule is no number") from None
    until = _until(request, world.now()).timestamp()
    found = await run_in_threadpool(flow_intervals, world.market, date, until, rate, rules)
    return answer(found | {"ends": [1000 * second for second in found["ends"]]})


async def volatility(request: Request) -> Response:
    """Serve GET /simulator/past/volatility/{symbol}: columns of one value per session that has closed."""
    world, symbol, asked = world_for(request), _symbol(request), request.query_params
    first, last = (calendar_date(asked.get(name, ""), name) for name in ("first", "last"))
    dates = sessions(first, min(last, world.now().date() - dt.timedelta(days=1)))
    columns = await run_in_threadpool(volatility_days, world.market, symbol, dates)
    return answer({"dates": [date.isoformat() for date in dates]} | columns)


def _symbol(request: Request) -> str:
    symbol: str = request.path_params["symbol"]
    if symbol not in INSTRUMENTS or INSTRUMENTS[symbol].options is None:
        raise not_found()
    return symbol


def _until(request: Request, now: dt.datetime) -> dt.datetime:
    """Return the parameter `until_ms`, at the latest the present, which is also its default."""
    text = request.query_params.get("until_ms", "")
    if text and not text.isdigit():
        raise bad_request(f"invalid until_ms: {text}")
    return min(now, dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC)) if text else now
