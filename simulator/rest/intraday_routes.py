"""Endpoints of what was added to the random walk: planted setups, kinds of days, and earnings.

`GET /simulator/intraday/setups?first=&last=` and `GET /simulator/intraday/day-kinds?first=&last=` list those of the
sessions between two dates, oldest first, also future ones. Times are epoch milliseconds.
`GET /simulator/intraday/events.csv?first=&last=` has the earnings between two dates that are known now, as the file
that `manage.py import_events` reads.
`POST /simulator/intraday/setups` takes {"symbol": …, "bar": n, "wins": true, false or null}, plants a setup in a coming
bar of the present session, the next one by default, and returns it as it is listed. Without `wins` it wins.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from quant.sessions import new_york_date, open_of, sessions
from simulator.intraday.setups import BAR_TICKS, Setup
from simulator.market.price_paths import TICK_SECONDS
from simulator.rest.access import world_for
from simulator.rest.paging import calendar_date
from simulator.rest.responses import bad_request, results
from simulator.universe.earnings import RULES, earnings_of
from simulator.universe.instruments import INSTRUMENTS
from simulator.world import OLDEST_SESSION, World

_LEADERS = tuple(symbol for symbol, one in INSTRUMENTS.items() if one.tracks is None)
_MOST_DAYS = 1000


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    """A setup to plant; `bar` counts from the open."""

    symbol: str
    bar: int | None = None
    wins: bool | None = True


async def setups(request: Request) -> Response:
    """Serve GET and POST /simulator/intraday/setups."""
    world = world_for(request)
    if request.method == "POST":
        return await _plant(request, world)
    return results(await run_in_threadpool(_setups, world, _dates(request)))


async def _plant(request: Request, world: World) -> Response:
    try:
        wanted = msgspec.json.decode(await request.body(), type=_Wanted)
        setup = await run_in_threadpool(world.plant, wanted.symbol, wanted.bar, wanted.wins)
    except (msgspec.MsgspecError, ValueError) as error:
        raise bad_request(str(error)) from None
    request.app.state.stream.forget_prices()
    return results([_row(setup)])


async def day_kinds(request: Request) -> Response:
    """Serve GET /simulator/intraday/day-kinds: `side` is 1 for a day that first rises, `turn` a minute."""
    world, dates = world_for(request), _dates(request)
    found = (
        (date, symbol, world.market.moves.day_kind(symbol, date)) for date in dates for symbol in _LEADERS
    )
    return results(
        [
            {"date": date.isoformat(), "symbols": _followers(symbol), **kind._asdict()}
            for date, symbol, kind in found
            if kind is not None
        ]
    )


async def events(request: Request) -> Response:
    """Serve GET /simulator/intraday/events.csv."""
    world, dates = world_for(request), _dates(request)
    lines = ["symbol,kind,date,timing,certainty,known_on"]
    if world.market.paths.has_earnings and dates:
        found = [one for symbol in RULES for one in earnings_of(symbol) if dates[0] <= one.date <= dates[-1]]
        today = new_york_date(world.now())
        lines += [
            f"{one.symbol},EARNINGS,{one.date},AFTER_CLOSE,CONFIRMED,{one.known_on}"
            for one in sorted(found, key=lambda one: (one.date, one.symbol))
            if one.known_on <= today
        ]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/csv")


def _setups(world: World, dates: list[dt.date]) -> list[dict[str, Any]]:
    found = (world.market.moves.setup(symbol, date) for date in dates for symbol in _LEADERS)
    rows = [_row(setup) for setup in found if setup is not None]
    return sorted(rows, key=lambda row: (row["bar_end"], row["symbols"]))


def _row(setup: Setup) -> dict[str, Any]:
    start = int(open_of(setup.date).timestamp()) + setup.bar * BAR_TICKS * TICK_SECONDS
    end = start + BAR_TICKS * TICK_SECONDS
    return {
        "symbols": _followers(setup.symbol),
        "date": setup.date.isoformat(),
        "kind": "breakout",
        "direction": "LONG" if setup.side > 0 else "SHORT",
        "bar_start": 1000 * start,
        "bar_end": 1000 * end,
        "wins": setup.wins,
        "decided_by": 1000 * (end + setup.ticks * TICK_SECONDS) if setup.wins is not None else None,
        "close": setup.close,
        "stop": setup.stop,
        "target": setup.target,
    }


def _followers(symbol: str) -> list[str]:
    """Return a symbol and the ETFs that follow it."""
    return [symbol, *(one for one, instrument in INSTRUMENTS.items() if instrument.tracks == symbol)]


def _dates(request: Request) -> list[dt.date]:
    first, last = (calendar_date(request.query_params.get(name, ""), name) for name in ("first", "last"))
    if first < OLDEST_SESSION or (last - first).days > _MOST_DAYS:
        raise bad_request(
            f"first must not be before {OLDEST_SESSION}, nor more than {_MOST_DAYS} days before last"
        )
    return sessions(first, last)
