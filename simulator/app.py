"""The application: routes of the provider's REST interface over one world."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from simulator import chain_routes, market_routes
from simulator.answers import Refusal, on_refusal
from simulator.world import World

_ROUTES = {
    "/v3/snapshot/options/{underlying}": chain_routes.chain,
    "/v3/snapshot/options/{underlying}/{contract}": chain_routes.contract,
    "/v1/marketstatus/now": market_routes.status_now,
    "/v1/marketstatus/upcoming": market_routes.status_upcoming,
    "/v3/reference/conditions": market_routes.conditions,
    "/v3/reference/exchanges": market_routes.exchanges,
}


async def _no_such_route(_: Request, __: Exception) -> Response:
    return PlainTextResponse("404 page not found", 404)


def build(world: World, api_key: str | None = None) -> Starlette:
    """The application serving a world; with `api_key` only that key is known."""
    app = Starlette(
        routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in _ROUTES.items()],
        exception_handlers={Refusal: on_refusal, 404: _no_such_route},
    )
    app.state.world, app.state.api_key = world, api_key
    return app
