"""Endpoints of snapshots of several tickers: indices, and tickers of any asset class.

An error of one ticker is a row of the response, not an error of the request.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import previous_session
from simulator.market.market import moment_of
from simulator.rest.access import world_for
from simulator.rest.chain_rows import as_json, chain_rows
from simulator.rest.paging import Page, next_url, read_page
from simulator.rest.responses import bad_request, not_entitled, results
from simulator.stream.last_quotes import Quote, last_quotes
from simulator.universe.instruments import find
from simulator.world import World

_MOST_TICKERS = 250
_NOT_FOUND = {"error": "NOT_FOUND", "message": "Ticker not found."}
_NOT_ENTITLED = {"error": "NOT_ENTITLED", "message": "Not entitled to this ticker."}


async def indices(request: Request) -> Response:
    """Serve GET /v3/snapshot/indices."""
    world = world_for(request)
    if not world.plan.indices:
        raise not_entitled("error")
    page = read_page(request, world.chain_second())
    tickers = _tickers(page) or [f"I:{symbol}" for symbol in world.indices]
    return _paged(request, page, tickers, [_index_row(world, ticker) for ticker in sorted(tickers)])


async def universal(request: Request) -> Response:
    """Serve GET /v3/snapshot: options, stocks and indices by ticker."""
    world = world_for(request)
    if not world.plan.snapshots:
        raise not_entitled()
    page = read_page(request, world.chain_second())
    tickers = _tickers(page)
    if not tickers:
        raise bad_request("ticker.any_of contains no ticker")
    now_ms = int(world.data_instant().timestamp() * 1000)
    quotes = await run_in_threadpool(last_quotes, world.trade_log, tickers, now_ms)
    rows = [await _row(world, ticker, page.instant) for ticker in sorted(tickers)]
    return _paged(request, page, tickers, [_with_quote(row, quotes) for row in rows])


def _with_quote(row: dict[str, Any], quotes: dict[str, Quote | None]) -> dict[str, Any]:
    """Return a row with the stream's last quote; without one where the stream never quotes the contract."""
    if "last_quote" not in row or row["ticker"] not in quotes:
        return row
    quote = quotes[row["ticker"]]
    if quote is None:
        return {name: value for name, value in row.items() if name not in ("last_quote", "break_even_price")}
    middle = {"midpoint": round((quote["bid"] + quote["ask"]) / 2, 4)}
    return row | {"last_quote": row["last_quote"] | quote | middle}


def _tickers(page: Page) -> list[str]:
    text = page.parameters.get("ticker.any_of") or page.parameters.get("ticker") or ""
    tickers = list(dict.fromkeys(ticker for ticker in text.split(",") if ticker))
    if len(tickers) > _MOST_TICKERS:
        raise bad_request(
            f"ticker.any_of contains {len(tickers)} tickers; at most {_MOST_TICKERS} are allowed"
        )
    return tickers


def _paged(request: Request, page: Page, tickers: list[str], rows: list[dict[str, Any]]) -> Response:
    if page.choice("order", "asc", "desc") == "desc":
        rows = rows[::-1]
    end = page.offset + page.limit(10, _MOST_TICKERS)
    following = next_url(request, page, end) if end < len(tickers) else None
    return results(rows[page.offset : end], next_url=following)


async def _row(world: World, ticker: str, epoch_second: int) -> dict[str, Any]:
    if ticker.startswith("I:"):
        return _index_row(world, ticker) if world.plan.indices else {"ticker": ticker} | _NOT_ENTITLED
    if ticker.startswith("O:"):
        return await _option_row(world, ticker, epoch_second)
    instrument = find(ticker)
    if instrument is None or instrument.kind == "index":
        return {"ticker": ticker} | _NOT_FOUND
    if not world.plan.spot:
        return {"ticker": ticker} | _NOT_ENTITLED
    row = {
        "ticker": ticker,
        "type": "stocks",
        "name": instrument.name,
        "market_status": world.market_status(),
    }
    session = _session(world, ticker, ticker)
    return row | {"session": session | {"price": session["close"]}}


def _index_row(world: World, ticker: str) -> dict[str, Any]:
    symbol = ticker.removeprefix("I:")
    if not ticker.startswith("I:") or symbol not in world.indices:
        return {"ticker": ticker} | _NOT_FOUND
    return {
        "ticker": ticker,
        "name": world.indices[symbol],
        "type": "indices",
        "value": world.spot(symbol, world.data_instant()),
        "last_updated": int(world.data_instant().timestamp() * 1000) * 1_000_000,
        "timeframe": world.plan.timeframe,
        "market_status": world.market_status(),
        "session": _session(world, symbol, ticker),
    }


def _session(world: World, symbol: str, ticker: str) -> dict[str, float]:
    """Return the current session's bar so far, or the last session's bar before the open."""
    instant = world.data_instant()
    date = moment_of(instant).session
    bar = world.bars.until(ticker, date, "day", instant)
    before = float(world.market.session(symbol, previous_session(date)).levels[-1])
    close = world.spot(symbol, instant)
    opened = float(bar.open[0]) if len(bar.open) else close
    change = close - before
    return {
        "open": opened,
        "high": max(float(bar.high[0]) if len(bar.high) else close, close),
        "low": min(float(bar.low[0]) if len(bar.low) else close, close),
        "close": close,
        "previous_close": before,
        "change": round(change, 4),
        "change_percent": round(100 * change / before, 4),
    }


async def _option_row(world: World, ticker: str, epoch_second: int) -> dict[str, Any]:
    symbol = world.contract_symbol(ticker)
    table = await world.chain(symbol, epoch_second) if symbol else None
    index = table.find(ticker) if table is not None else None
    if table is None or index is None:
        return {"ticker": ticker} | _NOT_FOUND
    row = as_json(chain_rows(table, np.array([index]), world.plan)[0])
    day, details = row.pop("day"), row["details"]
    del details["ticker"]
    session = {name: value for name, value in day.items() if name not in ("vwap", "last_updated")}
    if "close" in day and world.plan.trades:
        session["price"] = day["close"]
    strike = f"{details['strike_price']:.2f}"
    return row | {
        "ticker": ticker,
        "type": "options",
        "name": f"{table.symbol} ${strike} {details['contract_type']}",
        "market_status": world.market_status(),
        "session": session,
    }
