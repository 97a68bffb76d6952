"""Who may ask: the key by bearer header or query parameter, and the world behind the request."""

from __future__ import annotations

from starlette.requests import Request

from simulator.rest.responses import unknown_key
from simulator.world import World


def world_for(request: Request) -> World:
    """The world of this server, after the key has been checked. Raises the provider's 401 otherwise.

    Without a required key any key will do, but there must be one: a client that forgot it should notice here.
    """
    header = request.headers.get("authorization", "")
    given = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
    given = given or next((v for name, v in request.query_params.items() if name.lower() == "apikey"), "")
    required = request.app.state.api_key
    if not given or (required and given != required):
        raise unknown_key()
    world: World = request.app.state.world
    return world
