"""Endpoints of aggregate bars: ranges, previous session, all stocks of a date, open and close of a date."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import NEW_YORK, close_of, new_york_date, open_of, previous_session, sessions
from simulator.market.bar_store import INTRADAY
from simulator.market.bars import Bars, aggregate, join, only, split_adjusted, window_starts
from simulator.rest.access import world_for
from simulator.rest.paging import Page, calendar_date, next_url, read_page
from simulator.rest.responses import answer, bad_request, not_entitled, not_found, request_id
from simulator.universe.capital_changes import split_factor
from simulator.universe.instruments import INSTRUMENTS, breadth_stocks
from simulator.world import OLDEST_SESSION, World

_TIMESPANS = ("minute", "hour", "day", "week", "month", "quarter", "year")


def _check(world: World, ticker: str) -> None:
    """Check the plan first, then the ticker, as the provider does."""
    if ticker.startswith("I:") and not world.plan.indices:
        raise not_entitled("error")
    if not world.knows(ticker):
        raise not_found()


async def bars(request: Request) -> Response:
    """Serve GET /v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}."""
    world, path = world_for(request), request.path_params
    ticker, timespan = path["ticker"], path["timespan"]
    _check(world, ticker)
    if timespan not in _TIMESPANS or not path["multiplier"].isdigit() or int(path["multiplier"]) < 1:
        raise bad_request(f"invalid window: {path['multiplier']} {timespan}")
    page = read_page(request, int(world.data_instant().timestamp()))
    limit = page.limit(5000, 50000)
    descending = page.choice("sort", "asc", "desc") == "desc"
    first, last = _instant(path["from"], False), _instant(path["to"], True)
    adjusted = _is_adjusted(page)
    window = Window(timespan, int(path["multiplier"]), first, last, limit, descending, page.instant, adjusted)
    found, base_count, next_ms = await run_in_threadpool(_windows, world, ticker, window)
    rows = _rows(found, ticker)
    body = _envelope(world, ticker, base_count, rows[::-1] if descending else rows, adjusted)
    if next_ms is not None:
        head = f"/v2/aggs/ticker/{ticker}/range/{path['multiplier']}/{timespan}"
        bounds = f"{path['from']}/{next_ms}" if descending else f"{next_ms}/{path['to']}"
        body["next_url"] = next_url(request, page, 0, f"{head}/{bounds}")
    return answer(body)


class Window(NamedTuple):
    """A range request. Bounds are inclusive, `limit` counts base bars, data are those known at `instant`.

    With `adjusted`, prices and volumes are in shares of `instant`, after all splits executed until then.
    """

    timespan: str
    multiplier: int
    first: dt.datetime
    last: dt.datetime
    limit: int
    descending: bool
    instant: int
    adjusted: bool


def _windows(world: World, ticker: str, window: Window) -> tuple[Bars, int, int | None]:
    """Return the bars, the number of base bars in them, and the start of the next page (epoch ms) or None.

    A page ends between windows, because a limit within a window would divide its bar into two incorrect ones.
    """
    base = _base(world, ticker, window)
    starts = window_starts(base.start, window.timespan, window.multiplier)
    count, limit = len(base.start), window.limit
    if count <= limit:
        return aggregate(base, starts), count, None
    if window.descending:
        cut = int(np.searchsorted(starts, starts[count - limit - 1], side="right"))
        cut = cut if cut < count else count - limit
        return (
            aggregate(only(base, slice(cut, None)), starts[cut:]),
            count - cut,
            int(base.start[cut - 1]) * 1000,
        )
    cut = int(np.searchsorted(starts, starts[limit])) or limit
    return aggregate(only(base, slice(cut)), starts[:cut]), cut, int(base.start[cut]) * 1000


def _base(world: World, ticker: str, window: Window) -> Bars:
    """Return base bars between the bounds, from the requested end on, until there are more than the limit."""
    instant = dt.datetime.fromtimestamp(window.instant, dt.UTC)
    dates = sessions(
        max(new_york_date(window.first), OLDEST_SESSION),
        min(new_york_date(window.last), new_york_date(instant)),
    )
    first, last = window.first.timestamp(), window.last.timestamp()
    if ticker.startswith("O:"):
        started = dates[:-1] if dates and open_of(dates[-1]) > instant else dates
        whole = world.bars.contract_until(ticker, started, window.timespan, instant)
        inside = (whole.start >= first) & (whole.start <= last)
        return only(whole, inside) if window.timespan in INTRADAY else whole
    parts: list[Bars] = []
    count = 0
    for date in reversed(dates) if window.descending else dates:
        if open_of(date) > instant:
            continue
        part = world.bars.until(ticker, date, window.timespan, instant)
        if window.adjusted:
            part = split_adjusted(part, split_factor(ticker, date, new_york_date(instant)))
        if window.timespan in INTRADAY:
            part = only(part, (part.start >= first) & (part.start <= last))
        parts.append(part)
        count += len(part.start)
        if count > window.limit:
            break
    return join(parts[::-1] if window.descending else parts)


def _rows(found: Bars, ticker: str) -> list[dict[str, Any]]:
    """Return bars in the provider's format: those of indices have prices and times only."""
    prices = zip(found.open, found.high, found.low, found.close, strict=True)
    rows: list[dict[str, Any]] = [
        {"o": float(o), "h": float(h), "l": float(low), "c": float(c), "t": int(t) * 1000}
        for (o, h, low, c), t in zip(prices, found.start, strict=True)
    ]
    if ticker.startswith("I:"):
        return rows
    average = np.round(found.value / np.maximum(found.volume, 1.0), 4)
    for row, volume, vwap, trades in zip(rows, found.volume, average, found.trades, strict=True):
        # The provider sends whole volumes sometimes as a float and sometimes as an integer.
        row |= {"v": float(volume) if row["t"] % 7 == 0 else int(volume), "vw": float(vwap), "n": int(trades)}
    return rows


def _is_adjusted(page: Page) -> bool:
    return page.choice("adjusted", "true", "false") == "true"


def _day_bar(world: World, ticker: str, date: dt.date, adjusted: bool) -> Bars:
    """Return a complete session as one bar, in shares of today with `adjusted`, else in shares of the date."""
    bar = world.bars.day(ticker, date)
    today = new_york_date(world.data_instant())
    return split_adjusted(bar, split_factor(ticker, date, today)) if adjusted else bar


def _envelope(
    world: World, ticker: str, base_count: int, rows: list[dict[str, Any]], adjusted: bool
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "ticker": ticker,
        "queryCount": base_count,
        "resultsCount": len(rows),
        "adjusted": adjusted,
        "status": "DELAYED" if world.plan.delayed else "OK",
        "request_id": request_id(),
        "count": len(rows),
    }
    return body | {"results": rows} if rows else body


async def previous(request: Request) -> Response:
    """Serve GET /v2/aggs/ticker/{ticker}/prev: the last complete session with a bar, stamped 16:00 New York."""
    world, ticker = world_for(request), request.path_params["ticker"]
    _check(world, ticker)
    adjusted = _is_adjusted(read_page(request, int(world.data_instant().timestamp())))
    date = previous_session(new_york_date(world.data_instant()))
    for _ in range(20):
        found = await run_in_threadpool(_day_bar, world, ticker, date, adjusted)
        if len(found.start):
            break
        date = previous_session(date)
    rows = [{"T": ticker} | row | {"t": _four_o_clock(date)} for row in _rows(found, ticker)]
    return answer(_envelope(world, ticker, len(rows), rows, adjusted))


async def grouped(request: Request) -> Response:
    """Serve GET /v2/aggs/grouped/locale/us/market/stocks/{date}: each stock's bar of a session, stamped 16:00."""
    world = world_for(request)
    date = calendar_date(request.path_params["date"], "date")
    adjusted = _is_adjusted(read_page(request, int(world.data_instant().timestamp())))
    rows = await run_in_threadpool(_all_stocks, world, date, adjusted)
    body = _envelope(world, "", len(rows), rows, adjusted)
    del body["ticker"]
    return answer(body)


def _all_stocks(world: World, date: dt.date, adjusted: bool) -> list[dict[str, Any]]:
    if not sessions(date, date) or date < OLDEST_SESSION or close_of(date) > world.data_instant():
        return []
    symbols = [s for s, instrument in INSTRUMENTS.items() if instrument.kind != "index"]
    symbols += breadth_stocks()
    return [
        {"T": symbol} | row | {"t": _four_o_clock(date)}
        for symbol in symbols
        for row in _rows(_day_bar(world, symbol, date, adjusted), symbol)
    ]


async def open_close(request: Request) -> Response:
    """Serve GET /v1/open-close/{ticker}/{date}: a flat object; 404 for a date without a bar."""
    world, ticker = world_for(request), request.path_params["ticker"]
    _check(world, ticker)
    adjusted = _is_adjusted(read_page(request, int(world.data_instant().timestamp())))
    date = calendar_date(request.path_params["date"], "date")
    if not sessions(date, date) or date < OLDEST_SESSION or close_of(date) > world.data_instant():
        raise not_found("Data not found.")
    found = await run_in_threadpool(_day_bar, world, ticker, date, adjusted)
    if not len(found.start):
        raise not_found("Data not found.")
    row = _rows(found, ticker)[0]
    body = {"status": "OK", "from": date.isoformat(), "symbol": ticker, "open": row["o"], "high": row["h"]}
    return answer(body | {"low": row["l"], "close": row["c"]} | ({"volume": row["v"]} if "v" in row else {}))


def _four_o_clock(date: dt.date) -> int:
    return int(dt.datetime.combine(date, dt.time(16), NEW_YORK).timestamp()) * 1000


def _instant(text: str, is_end: bool) -> dt.datetime:
    """Return a bound of a range: epoch milliseconds, or a New York date that is included completely."""
    if text.lstrip("-").isdigit():
        return dt.datetime.fromtimestamp(int(text) / 1000, dt.UTC)
    date = calendar_date(text, "date")
    midnight = dt.datetime.combine(date, dt.time(), NEW_YORK)
    return midnight + dt.timedelta(days=1, seconds=-1) if is_end else midnight
