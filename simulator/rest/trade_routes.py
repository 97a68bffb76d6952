"""Endpoints of one contract's trades, quotes and last trade."""

from __future__ import annotations

import datetime as dt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import NEW_YORK, close_of, new_york_date, open_of, previous_session, sessions
from simulator.market.days import Days
from simulator.market.keyed_random import Floats
from simulator.market.listing import repeat_contract
from simulator.market.option_trades import quotes_at, tape, venues_of
from simulator.rest.access import world_for
from simulator.rest.paging import Page, next_url, read_page
from simulator.rest.responses import answer, bad_request, not_entitled, not_found, request_id, results
from simulator.stream.trade_blocks import rare_quote_ms
from simulator.stream.trade_log import Span as Streamed
from simulator.stream.trade_log import quote_rows, quotes_as_rows, trade_rows
from simulator.stream.trade_pool import RARELY_QUOTED, UNQUOTED
from simulator.world import World

_NANOSECONDS = 1_000_000_000
_NS_PER_MS = 1_000_000
_MOST_SESSIONS = 10
_QUOTE_SECONDS = 15
Rows = list[dict[str, Any]]


class Span(NamedTuple):
    """A time range in epoch nanoseconds, both ends included."""

    first: int
    last: int


async def trades(request: Request) -> Response:
    """Serve GET /v3/trades/{contract}."""
    world = world_for(request)
    if not world.plan.trades:
        raise not_entitled()
    return await _history(request, world, _trade_rows)


async def quotes(request: Request) -> Response:
    """Serve GET /v3/quotes/{contract}."""
    world = world_for(request)
    if not world.plan.quotes:
        raise not_entitled()
    return await _history(request, world, _quote_rows)


async def last_trade(request: Request) -> Response:
    """Serve GET /v2/last/trade/{contract}."""
    world, ticker = world_for(request), request.path_params["contract"]
    if not world.plan.trades:
        raise not_entitled()
    end = int(world.data_instant().timestamp() * _NANOSECONDS)
    for date in _dates(world, Span(0, end), True):
        rows = await run_in_threadpool(_trade_rows, world, ticker, date, Span(0, end))
        past = [row for row in rows if row["sip_timestamp"] <= end]
        if past:
            last = past[-1]
            short = {"T": ticker, "p": last["price"], "s": last["size"], "x": last["exchange"], "i": ""}
            short |= {"c": last["conditions"]} if "conditions" in last else {}
            short |= {"q": last["sequence_number"]} if "sequence_number" in last else {}
            times = {"t": last["sip_timestamp"], "y": last["participant_timestamp"]}
            return answer({"status": "OK", "request_id": request_id(), "results": short | times})
    raise not_found()


async def _history(request: Request, world: World, read: Any) -> Response:
    """Return a page of rows over sessions, newest first by default; the cursor holds the next row's number."""
    page = read_page(request, int(world.data_instant().timestamp()))
    limit = page.limit(1000, 50000)
    descending = page.choice("order", "desc", "asc") == "desc"
    span = _span(page)
    rows: Rows = []
    for date in _dates(world, span, descending):
        part = await run_in_threadpool(read, world, request.path_params["contract"], date, span)
        inside = [row for row in part if span.first <= row["sip_timestamp"] <= span.last]
        rows += inside[::-1] if descending else inside
        if len(rows) > page.offset + limit:
            break
    end = page.offset + limit
    return results(
        rows[page.offset : end], next_url=next_url(request, page, end) if len(rows) > end else None
    )


def _dates(world: World, span: Span, descending: bool) -> list[dt.date]:
    """Return the sessions in a span, at most the latest ten: a contract's whole life would take a minute."""
    last = new_york_date(dt.datetime.fromtimestamp(span.last // _NANOSECONDS, dt.UTC))
    last = min(last, new_york_date(world.data_instant()))
    earliest = last
    for _ in range(_MOST_SESSIONS):
        earliest = previous_session(earliest)
    first = new_york_date(dt.datetime.fromtimestamp(span.first // _NANOSECONDS, dt.UTC))
    dates = sessions(max(first, earliest), last)
    return dates[::-1] if descending else dates


def _span(page: Page) -> Span:
    """Return the span of `timestamp` and its range variants: nanoseconds, or New York dates."""
    first, last = 0, page.instant * _NANOSECONDS + _NANOSECONDS - 1
    for name, text in page.parameters.items():
        if name.partition(".")[0] != "timestamp" or not text:
            continue
        begin, end = _bounds(text)
        kind = name.partition(".")[2]
        if kind in ("", "gte", "gt"):
            first = max(first, end + 1 if kind == "gt" else begin)
        if kind in ("", "lte", "lt"):
            last = min(last, begin - 1 if kind == "lt" else end)
    return Span(first, last)


def _bounds(text: str) -> tuple[int, int]:
    if text.isdigit():
        return int(text), int(text)
    try:
        date = dt.date.fromisoformat(text)
    except ValueError:
        raise bad_request(f"timestamp is neither nanoseconds nor a date: '{text}'") from None
    midnight = dt.datetime.combine(date, dt.time(), NEW_YORK)
    following = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), NEW_YORK)
    return int(midnight.timestamp()) * _NANOSECONDS, int(following.timestamp()) * _NANOSECONDS - 1


def _trade_rows(world: World, ticker: str, date: dt.date, requested: Span) -> Rows:
    """Return a contract's trades in a session, ascending, including at least those in `requested`.

    For the seconds in which the stream ran they are the stream's trades, otherwise those of `option_trades.tape`.
    """
    log, streamed = world.trade_log, _streamed(world, date)
    covered = _covers(streamed, date, requested)
    rows = [] if covered else _unstreamed(_tape_rows(world, ticker, date), streamed)
    for span in streamed:
        rows += trade_rows(log, span, ticker, *_seconds(requested))
    return sorted(rows, key=_stamp) if streamed else rows


def _streamed(world: World, date: dt.date) -> list[Streamed]:
    return [span for span in world.trade_log.spans if span.pool.date == date]


def _covers(streamed: list[Streamed], date: dt.date, requested: Span) -> bool:
    """Return whether one span of the stream covers the requested part of the session."""
    first, last = _seconds(requested)
    first = max(first, int(open_of(date).timestamp()))
    return any(span.first <= first and last <= span.last for span in streamed)


def _seconds(requested: Span) -> tuple[int, int]:
    return requested.first // _NANOSECONDS, requested.last // _NANOSECONDS


def _unstreamed(rows: Rows, streamed: list[Streamed]) -> Rows:
    """Return the rows of seconds in which the stream did not run."""
    spans = [(span.first, span.last) for span in streamed]
    return [row for row in rows if not any(a <= _stamp(row) // _NANOSECONDS <= b for a, b in spans)]


def _stamp(row: dict[str, Any]) -> int:
    return int(row["sip_timestamp"])


def _tape_rows(world: World, ticker: str, date: dt.date) -> Rows:
    contract, symbol = world.bars.contract(ticker, date), world.bars.underlying(ticker)
    if contract is None or symbol is None:
        return []
    contract_tape = tape(world.market, symbol, Days.each([date]), contract)
    trades = contract_tape.trades
    columns = (
        trades.price,
        contract_tape.size,
        trades.condition,
        trades.exchange,
        trades.ns,
        contract_tape.sequence,
    )
    return [
        {
            "price": price,
            "size": size,
            "conditions": [condition],
            "exchange": exchange,
            "sip_timestamp": time,
            "participant_timestamp": time - 350_000,
            "sequence_number": sequence,
        }
        for price, size, condition, exchange, time, sequence in zip(
            *(column.tolist() for column in columns), strict=True
        )
    ]


def _quote_rows(world: World, ticker: str, date: dt.date, requested: Span) -> Rows:
    """Return a contract's quotes in a session, ascending.

    For the seconds in which the stream ran they are the stream's quotes, otherwise one every 15 seconds. Contracts that
    the stream quotes rarely or never have as few quotes outside it.
    """
    symbol, streamed = world.bars.underlying(ticker), _streamed(world, date)
    if symbol is None:
        return []
    covered = _covers(streamed, date, requested)
    rows = [] if covered else _unstreamed(_plain_quotes(world, ticker, date, streamed), streamed)
    for span in streamed:
        rows += quote_rows(world.trade_log, span, ticker, venues_of(symbol)[0], *_seconds(requested))
    return sorted(rows, key=_stamp) if streamed else rows


def _plain_quotes(world: World, ticker: str, date: dt.date, streamed: list[Streamed]) -> Rows:
    contract, symbol = world.bars.contract(ticker, date), world.bars.underlying(ticker)
    if contract is None or symbol is None:
        return []
    seconds = np.arange(open_of(date).timestamp(), close_of(date).timestamp(), _QUOTE_SECONDS)
    stamps = seconds.astype(np.int64) * _NANOSECONDS
    row = streamed[0].row_of(ticker) if streamed else None
    if row is not None:
        seconds, stamps = _by_habit(streamed[0].pool.habit[row], row, seconds, stamps)
    many = repeat_contract(contract, len(seconds))
    _, quoted = quotes_at(world.market, symbol, date, many, seconds)
    numbers = 101 + 13 * np.arange(len(stamps))
    columns = (quoted.bid, quoted.bid_size, quoted.ask, quoted.ask_size, stamps, numbers)
    return quotes_as_rows(venues_of(symbol)[0], *columns)


def _by_habit(
    habit: int, row: int, seconds: Floats, stamps: NDArray[np.int64]
) -> tuple[Floats, NDArray[np.int64]]:
    """Return the seconds in which the contract of a pool's row is quoted, and the quotes' nanoseconds."""
    if habit == UNQUOTED:
        return seconds[:0], stamps[:0]
    if habit == RARELY_QUOTED:
        minutes = seconds[seconds % 60 == 0]
        return minutes, rare_quote_ms(np.full(len(minutes), row), minutes.astype(np.int64)) * _NS_PER_MS
    return seconds, stamps
