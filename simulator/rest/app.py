"""ASGI application with the routes of the provider's REST interface for one world."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from simulator.rest import (
    aggregate_routes,
    chain_routes,
    corporate_action_routes,
    intraday_routes,
    market_routes,
    past_routes,
    reference_routes,
    snapshot_routes,
    trade_routes,
)
from simulator.rest.faults import Faults
from simulator.rest.responses import Refusal, on_refusal
from simulator.stream import control
from simulator.stream.stream import Stream
from simulator.world import World

_ROUTES = {
    "/v3/snapshot/options/{underlying}": chain_routes.chain,
    "/v3/snapshot/options/{underlying}/{contract}": chain_routes.contract,
    "/v2/aggs/ticker/{ticker}/range/{multiplier}/{timespan}/{from}/{to}": aggregate_routes.bars,
    "/v2/aggs/ticker/{ticker}/prev": aggregate_routes.previous,
    "/v2/aggs/grouped/locale/us/market/stocks/{date}": aggregate_routes.grouped,
    "/v1/open-close/{ticker}/{date}": aggregate_routes.open_close,
    "/v3/trades/{contract}": trade_routes.trades,
    "/v3/quotes/{contract}": trade_routes.quotes,
    "/v2/last/trade/{contract}": trade_routes.last_trade,
    "/v3/snapshot/indices": snapshot_routes.indices,
    "/v3/snapshot": snapshot_routes.universal,
    "/v3/reference/options/contracts": reference_routes.contracts,
    "/v3/reference/options/contracts/{contract}": reference_routes.contract,
    "/v3/reference/dividends": corporate_action_routes.dividends,
    "/v3/reference/splits": corporate_action_routes.splits,
    "/v1/marketstatus/now": market_routes.status_now,
    "/v1/marketstatus/upcoming": market_routes.status_upcoming,
    "/v3/reference/conditions": market_routes.conditions,
    "/v3/reference/exchanges": market_routes.exchanges,
}


async def _no_such_route(_: Request, __: Exception) -> Response:
    return PlainTextResponse("404 page not found", 404)


def build(world: World, api_key: str | None = None, stream: Stream | None = None) -> ASGIApp:
    """Return the application that serves a world, with its control endpoints.

    With `api_key`, only that key is accepted. `stream` is the WebSocket side of the server, which the control endpoints
    change.
    """
    app = Starlette(
        routes=[
            *(Route(path, endpoint, methods=["GET"]) for path, endpoint in _ROUTES.items()),
            Route("/simulator/past/gamma/{symbol}/{date}", past_routes.gamma, methods=["GET"]),
            Route("/simulator/past/flow/{date}", past_routes.flow, methods=["GET"]),
            Route("/simulator/past/volatility/{symbol}", past_routes.volatility, methods=["GET"]),
            Route("/simulator/intraday/setups", intraday_routes.setups, methods=["GET", "POST"]),
            Route("/simulator/intraday/day-kinds", intraday_routes.day_kinds, methods=["GET"]),
            Route("/simulator/intraday/events.csv", intraday_routes.events, methods=["GET"]),
            Route("/simulator/stream", control.settings, methods=["GET", "POST"]),
            Route("/simulator/stream/truth", control.truth, methods=["GET"]),
            Route("/simulator/stream/faults", control.faults, methods=["POST"]),
        ],
        exception_handlers={Refusal: on_refusal, 404: _no_such_route},
    )
    app.state.world, app.state.api_key = world, api_key
    app.state.stream = stream or Stream(world, api_key)
    return Faults(app, world)
