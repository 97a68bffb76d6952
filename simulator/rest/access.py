"""API key check: by bearer header or query parameter."""

from __future__ import annotations

from starlette.requests import Request

from simulator.rest.responses import unknown_key
from simulator.world import World


def world_for(request: Request) -> World:
    """Return the world of this server after checking the key. Raises the provider's 401.

    When the server requires no particular key, any key is accepted, but not an empty one: a client that forgets its key
    must fail here too.
    """
    header = request.headers.get("authorization", "")
    key = header.removeprefix("Bearer ").strip() if header.startswith("Bearer ") else ""
    key = key or next((v for name, v in request.query_params.items() if name.lower() == "apikey"), "")
    required = request.app.state.api_key
    if not key or (required and key != required):
        raise unknown_key()
    world: World = request.app.state.world
    return world
