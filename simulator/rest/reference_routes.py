"""Endpoints of contract lists and single contracts, as of any date."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import new_york_date
from simulator.market.listing import Listing, join, pick
from simulator.rest.access import world_for
from simulator.rest.paging import Page, calendar_date, day, next_url, number, read_page, within
from simulator.rest.responses import not_found, results
from simulator.universe.deliverables import deliverable
from simulator.universe.instruments import INSTRUMENTS, exercise_style, is_index
from simulator.world import World

# Calendar days that `expired=true` covers; the provider covers the years since 2014.
_EXPIRED_DAYS = 400


async def contracts(request: Request) -> Response:
    """Serve GET /v3/reference/options/contracts: contracts listed as of a date, or those expired before it."""
    world = world_for(request)
    page = read_page(request, int(world.now().timestamp()))
    limit = page.limit(10, 1000)
    listing, underlying = await run_in_threadpool(_listed, world, page)
    chosen = _selected(page, listing, underlying)
    end = page.offset + limit
    rows = [_row(listing, underlying, int(i)) for i in chosen[page.offset : end]]
    return results(rows, next_url=next_url(request, page, end) if end < len(chosen) else None)


async def contract(request: Request) -> Response:
    """Serve GET /v3/reference/options/contracts/{ticker}."""
    world = world_for(request)
    page = read_page(request, int(world.now().timestamp()))
    ticker = request.path_params["contract"]
    listing, underlying = await run_in_threadpool(_listed, world, page)
    rows = np.flatnonzero(listing.ticker == ticker)
    if not len(rows):
        raise not_found()
    return results(_row(listing, underlying, int(rows[0])))


def _listed(world: World, page: Page) -> tuple[Listing, NDArray[np.str_]]:
    """Return the requested contract list and the underlying of each contract."""
    today = new_york_date(dt.datetime.fromtimestamp(page.instant, dt.UTC))
    date = calendar_date(page.parameters["as_of"], "as_of") if page.parameters.get("as_of") else today
    expired = page.choice("expired", "false", "true") == "true"
    underlying = page.parameters.get("underlying_ticker")
    served = dict.fromkeys((*INSTRUMENTS, *([world.recorded.symbol] if world.recorded else ())))
    symbols = (underlying,) if underlying else tuple(served)
    return _listing_of(world, symbols, date, expired)


@lru_cache(maxsize=8)
def _listing_of(
    world: World, symbols: tuple[str, ...], date: dt.date, expired: bool
) -> tuple[Listing, NDArray[np.str_]]:
    parts = []
    for symbol in symbols:
        if world.recorded is not None and symbol == world.recorded.symbol and not expired:
            part = world.recorded_listing()
        elif symbol not in INSTRUMENTS:
            continue
        elif expired:
            part = world.market.listings.expired_before(symbol, date, _EXPIRED_DAYS)
        else:
            part = world.market.listings.on(symbol, date)
        parts.append((part, symbol))
    listing = join([part for part, _ in parts])
    lengths = [len(part.ticker) for part, _ in parts]
    underlying = np.repeat(np.array([symbol for _, symbol in parts], dtype="U6"), lengths)
    order = np.argsort(listing.ticker, kind="stable")
    return pick(listing, order), underlying[order]


def _selected(page: Page, listing: Listing, underlying: NDArray[np.str_]) -> NDArray[np.intp]:
    parameters = page.parameters
    page.choice("contract_type", "", "call", "put")
    keep = np.ones(len(listing.ticker), dtype=np.bool_)
    keep = within(parameters, "strike_price", listing.strike, number, keep)
    keep = within(parameters, "expiration_date", listing.expiration, day, keep)
    keep = within(parameters, "underlying_ticker", underlying, lambda text, _: text, keep)
    keep = within(parameters, "ticker", listing.ticker, lambda text, _: text, keep)
    if parameters.get("contract_type"):
        keep &= listing.is_call == (parameters["contract_type"] == "call")
    chosen = np.flatnonzero(keep)
    sort = page.choice("sort", "ticker", "underlying_ticker", "expiration_date", "strike_price")
    keys: dict[str, NDArray[Any]] = {
        "ticker": listing.ticker,
        "underlying_ticker": underlying,
        "expiration_date": listing.expiration,
        "strike_price": listing.strike,
    }
    if sort != "ticker":
        chosen = chosen[np.argsort(keys[sort][chosen], kind="stable")]
    return chosen[::-1] if page.choice("order", "asc", "desc") == "desc" else chosen


def _row(listing: Listing, underlying: NDArray[np.str_], row: int) -> dict[str, Any]:
    symbol, is_call, strike = str(underlying[row]), bool(listing.is_call[row]), float(listing.strike[row])
    style, index = exercise_style(symbol), is_index(symbol)
    delivers = deliverable(symbol, str(listing.root[row]))
    child = {"type": "equity", "underlying": delivers.child, "amount": _number(delivers.child_shares)}
    return ({"additional_underlyings": [child]} if delivers.child else {}) | {
        # ISO 10962: option, call or put, European or American, stocks or index, physical or cash, standard.
        "cfi": f"O{'C' if is_call else 'P'}{'A' if style == 'american' else 'E'}{'ICS' if index else 'SPS'}",
        "contract_type": "call" if is_call else "put",
        "exercise_style": style,
        "expiration_date": str(listing.expiration[row]),
        "primary_exchange": "XCBO" if index else "BATO",
        "shares_per_contract": _number(delivers.shares),
        "strike_price": _number(strike),
        "ticker": str(listing.ticker[row]),
        "underlying_ticker": symbol,
    }


def _number(number: float) -> int | float:
    return int(number) if number.is_integer() else number
