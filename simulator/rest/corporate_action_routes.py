"""Endpoints of cash dividends and splits, as declared at the clock of the simulated world."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from quant.sessions import new_york_date
from simulator.market.keyed_random import seed_of
from simulator.rest.access import world_for
from simulator.rest.paging import Page, day, next_url, number, read_page, within
from simulator.rest.responses import results
from simulator.universe.capital_changes import SPLIT_RULES, Split, splits_of
from simulator.universe.payouts import FREQUENCY, Dividend
from simulator.world import World

Rows = list[dict[str, Any]]
_Reader = Callable[[str, str], Any]
# A split is known this long before its execution.
_SPLIT_NOTICE = dt.timedelta(days=14)


def _text(text: str, _: str) -> str:
    return text


_DIVIDEND_FILTERS: dict[str, tuple[str, _Reader]] = {
    "ticker": ("U6", _text),
    "ex_dividend_date": ("M8[D]", day),
    "record_date": ("M8[D]", day),
    "declaration_date": ("M8[D]", day),
    "pay_date": ("M8[D]", day),
    "frequency": ("f8", number),
    "cash_amount": ("f8", number),
    "dividend_type": ("U2", _text),
}
_SPLIT_FILTERS: dict[str, tuple[str, _Reader]] = {"ticker": ("U6", _text), "execution_date": ("M8[D]", day)}


async def dividends(request: Request) -> Response:
    """Serve GET /v3/reference/dividends: the newest ex-date first by default."""
    world = world_for(request)
    page = read_page(request, int(world.now().timestamp()))
    sorts = ("ex_dividend_date", "ticker", "record_date", "declaration_date", "pay_date", "cash_amount")
    rows = await run_in_threadpool(_dividend_rows, world, _today(page))
    return _answer(request, page, rows, _DIVIDEND_FILTERS, sorts)


async def splits(request: Request) -> Response:
    """Serve GET /v3/reference/splits: the newest execution first by default. As with the provider, some come twice."""
    world = world_for(request)
    page = read_page(request, int(world.now().timestamp()))
    reverse = page.choice("reverse_split", "", "true", "false")
    rows = _split_rows(_today(page))
    if reverse:
        rows = [row for row in rows if (row["split_from"] > row["split_to"]) == (reverse == "true")]
    return _answer(request, page, rows, _SPLIT_FILTERS, ("execution_date", "ticker"))


def _today(page: Page) -> dt.date:
    return new_york_date(dt.datetime.fromtimestamp(page.instant, dt.UTC))


def _dividend_rows(world: World, today: dt.date) -> Rows:
    return [_dividend_row(dividend) for dividend in world.declared_dividends(today)]


def _dividend_row(dividend: Dividend) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": _row_id(dividend.symbol, dividend.ex_date),
        "ticker": dividend.symbol,
        "cash_amount": dividend.amount,
        "currency": "USD",
        "dividend_type": "CD",
        "ex_dividend_date": dividend.ex_date.isoformat(),
    }
    if dividend.declared:
        row["declaration_date"] = dividend.declared.isoformat()
    if dividend.paid:
        # Since settlement takes one session, the record date is the ex-date.
        row |= {"pay_date": dividend.paid.isoformat(), "record_date": dividend.ex_date.isoformat()}
        row["frequency"] = FREQUENCY
    return row


def _split_rows(today: dt.date) -> Rows:
    known = [
        split
        for symbol in SPLIT_RULES
        for split in splits_of(symbol)
        if split.execution - _SPLIT_NOTICE <= today
    ]
    return [_split_row(split, listing) for split in known for listing in range(1 + _is_doubled(split))]


def _is_doubled(split: Split) -> bool:
    return split.execution.year % 2 == 1


def _split_row(split: Split, listing: int) -> dict[str, Any]:
    return {
        "id": _row_id(split.symbol, split.execution, listing),
        "ticker": split.symbol,
        "execution_date": split.execution.isoformat(),
        "split_from": split.split_from,
        "split_to": split.split_to,
    }


def _row_id(*name: object) -> str:
    return f"E{seed_of(*name):016x}"


def _answer(
    request: Request,
    page: Page,
    rows: Rows,
    filters: Mapping[str, tuple[str, _Reader]],
    sorts: tuple[str, ...],
) -> Response:
    """Return one page of the rows that pass the filters, in the requested order."""
    limit = page.limit(10, 1000)
    descending = page.choice("order", "desc", "asc") == "desc"
    key = page.choice("sort", *sorts)
    columns: dict[str, NDArray[Any]] = {
        name: np.array([row.get(name) for row in rows], dtype=dtype) for name, (dtype, _) in filters.items()
    }
    keep = np.ones(len(rows), dtype=np.bool_)
    for name, (_, read) in filters.items():
        keep = within(page.parameters, name, columns[name], read, keep)
    # Ties are in the order of tickers.
    chosen = np.lexsort((columns["ticker"], columns[key]))
    chosen = chosen[keep[chosen]]
    chosen = chosen[::-1] if descending else chosen
    end = page.offset + limit
    found = [rows[int(i)] for i in chosen[page.offset : end]]
    return results(found, next_url=next_url(request, page, end) if end < len(chosen) else None)
