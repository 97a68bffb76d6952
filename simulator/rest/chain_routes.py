"""Endpoints of the chain snapshot and of one contract's snapshot."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from simulator.market.chain_table import ChainTable
from simulator.rest.access import world_for
from simulator.rest.chain_rows import chain_rows
from simulator.rest.paging import Page, day, next_url, number, read_page, within
from simulator.rest.responses import not_entitled, not_found, results
from simulator.world import World


async def chain(request: Request) -> Response:
    """Serve GET /v3/snapshot/options/{underlying}."""
    world = world_for(request)
    if not world.plan.snapshots:
        raise not_entitled()
    page = read_page(request, world.chain_second())
    limit = page.limit(10, 250)
    # The provider's response to an unknown underlying is not documented; an empty list would hide a symbol in the
    # wrong form.
    symbol = world.option_symbol(request.path_params["underlying"])
    if symbol is None:
        raise not_found()
    table = await world.chain(symbol, page.instant)
    chosen = _selection(world, table, page)
    rows = chain_rows(table, chosen[page.offset : page.offset + limit], world.plan)
    end = page.offset + limit
    return results(rows, next_url=next_url(request, page, end) if end < len(chosen) else None)


async def contract(request: Request) -> Response:
    """Serve GET /v3/snapshot/options/{underlying}/{contract}."""
    world = world_for(request)
    if not world.plan.snapshots:
        raise not_entitled()
    symbol = world.option_symbol(request.path_params["underlying"])
    table = await world.chain(symbol, world.chain_second()) if symbol else None
    row = table.find(request.path_params["contract"]) if table else None
    if table is None or row is None:
        raise not_found("Options contract not found.")
    return results(chain_rows(table, np.array([row]), world.plan)[0])


def _selection(world: World, table: ChainTable, page: Page) -> NDArray[np.intp]:
    order = page.choice("order", "asc", "desc")
    sort = page.choice("sort", "ticker", "expiration_date", "strike_price")
    page.choice("contract_type", "", "call", "put")
    wanted = tuple(
        (name, value)
        for name, value in sorted(page.parameters.items())
        if value and name.partition(".")[0] in ("strike_price", "expiration_date", "contract_type")
    )
    return _select(_Identity(table), wanted, sort, order)


class _Identity:
    """A table as a cache key, compared by identity, because comparing columns would take longer."""

    def __init__(self, table: ChainTable) -> None:
        self.table = table

    def __hash__(self) -> int:
        return id(self.table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.table is self.table


@lru_cache(maxsize=64)
def _select(
    identity: _Identity, wanted: tuple[tuple[str, str], ...], sort: str, order: str
) -> NDArray[np.intp]:
    """Return the rows of a table that pass the filters, in the requested order."""
    table, parameters = identity.table, dict(wanted)
    keep = np.ones(len(table), dtype=np.bool_)
    keep = within(parameters, "strike_price", table.strike, number, keep)
    keep = within(parameters, "expiration_date", table.expiration, day, keep)
    if parameters.get("contract_type"):
        keep &= table.is_call == (parameters["contract_type"] == "call")
    chosen = np.flatnonzero(keep)
    if sort == "expiration_date":
        chosen = chosen[np.argsort(table.expiration[chosen], kind="stable")]
    elif sort == "strike_price":
        chosen = chosen[np.argsort(table.strike[chosen], kind="stable")]
    return chosen[::-1] if order == "desc" else chosen
