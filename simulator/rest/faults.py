"""Injection of faults and counting of requests, for tests of clients: ASGI middleware around the application.

`POST /simulator/faults` takes {"path": regular expression, "kind": …, "times": n, "skip": n} and these options:

    status          respond with `status` (429, 500, …) and optionally `retry_after` and `body`
    timeout         send nothing for `seconds`
    truncate        cut the body in the middle
    not-json        respond with an HTML page and status 200
    no-results      omit the key `results`
    end-early       omit `next_url`, so that the remaining pages are missing
    missing-page    respond with 404
    foreign-next-url  set `next_url` to another host
    nan             write NaN as open interest of the first row
    patch           merge the object `patch` into the first row

`path` is searched in the path with its query. `skip` requests pass before the fault applies to `times` requests.
`DELETE /simulator/faults` removes all faults, `GET /simulator/requests` returns the number of requests per path,
`POST /simulator/clock` takes {"offset_ms": n}. Faults of the stream are described in simulator.stream.control. The
server is reachable only through loopback.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulator.rest.responses import answer, not_found, refusal_answer
from simulator.world import World

_CONTROL = "/simulator/"
_STREAM, _PAST, _INTRADAY = "/simulator/stream", "/simulator/past/", "/simulator/intraday/"


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """One fault. `times` and `skip` are decremented by each matching request."""

    path: str
    kind: str
    times: int = 1
    skip: int = 0
    status: int = 500
    retry_after: str | None = None
    body: str = ""
    seconds: float = 60.0
    patch: dict[str, Any] = {}


class Faults:
    """Middleware with the control endpoints, the request counts and the faults."""

    def __init__(self, app: Starlette, world: World) -> None:
        self._app: ASGIApp = app
        self._world = world
        self._faults: list[Fault] = []
        self._requests: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve control requests, apply a matching fault, or pass the request to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        if path.startswith(_STREAM):
            await self._app(scope, receive, send)
            return
        if path.startswith(_CONTROL) and not path.startswith((_PAST, _INTRADAY)):
            response = await self._control(Request(scope, receive))
            await response(scope, receive, send)
            return
        self._requests[path] += 1
        query = scope["query_string"].decode("latin-1")
        fault = self._matching_fault(f"{path}?{query}" if query else path)
        if fault is None:
            await self._app(scope, receive, send)
        else:
            await self._answer_with(fault, scope, receive, send)

    async def _control(self, request: Request) -> Response:
        route = (request.method, request.url.path.removeprefix(_CONTROL))
        try:
            if route == ("POST", "faults"):
                fault = msgspec.json.decode(await request.body(), type=Fault)
                if fault.kind not in (*_WHOLE_ANSWERS, *_CHANGES):
                    return answer({"error": f"unknown fault: {fault.kind}"}, 400)
                re.compile(fault.path)
                self._faults.append(fault)
            elif route == ("DELETE", "faults"):
                self._faults.clear()
            elif route == ("GET", "requests"):
                return answer(dict(self._requests))
            elif route == ("POST", "clock"):
                self._world.clock_offset_ms = int(msgspec.json.decode(await request.body())["offset_ms"])
            else:
                return answer({"error": f"unknown control: {request.method} {request.url.path}"}, 404)
        except (msgspec.MsgspecError, re.error, KeyError, TypeError, ValueError) as error:
            return answer({"error": str(error)}, 400)
        return answer({"faults": len(self._faults), "clock_offset_ms": self._world.clock_offset_ms})

    def _matching_fault(self, address: str) -> Fault | None:
        """Return the first active fault whose path matches, with its `times` decremented."""
        for fault in self._faults:
            if fault.times <= 0 or not re.search(fault.path, address):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
        return None

    async def _answer_with(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.kind in _WHOLE_ANSWERS:
            if fault.kind == "timeout":
                await asyncio.sleep(fault.seconds)
            await _whole_answer(fault)(scope, receive, send)
            return
        status, body = await self._captured(scope, receive)
        changed = _changed(fault, body) if status == 200 else body
        await Response(changed, status, media_type="application/json")(scope, receive, send)

    async def _captured(self, scope: Scope, receive: Receive) -> tuple[int, bytes]:
        """Return status and body of the application's response without sending it."""
        status, parts = 200, []

        async def capture(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        await self._app(scope, receive, capture)
        return status, b"".join(parts)


_WHOLE_ANSWERS = ("status", "timeout", "not-json", "missing-page")
_CHANGES = ("truncate", "no-results", "end-early", "foreign-next-url", "nan", "patch")


def _whole_answer(fault: Fault) -> Response:
    if fault.kind == "missing-page":
        return refusal_answer(not_found())
    if fault.kind == "not-json":
        return Response("<html><body>Service is being updated</body></html>", 200, media_type="text/html")
    status = 504 if fault.kind == "timeout" else fault.status
    headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
    return Response(fault.body, status, headers, media_type="application/json")


def _changed(fault: Fault, body: bytes) -> bytes:
    if fault.kind == "truncate":
        return body[: len(body) // 2]
    content = msgspec.json.decode(body)
    rows = content.get("results")
    first = rows[0] if isinstance(rows, list) and rows else rows if isinstance(rows, dict) else {}
    if fault.kind == "no-results":
        content.pop("results", None)
    elif fault.kind == "end-early":
        content.pop("next_url", None)
    elif fault.kind == "foreign-next-url":
        content["next_url"] = "http://192.0.2.1/v3/snapshot/options/I:SPX?cursor=YXA9MQ"
    elif fault.kind == "patch":
        _merge(first, fault.patch)
    else:
        first["open_interest"] = "not a number"
        return msgspec.json.encode(content).replace(b'"not a number"', b"NaN")
    return msgspec.json.encode(content)


def _merge(target: dict[str, Any], patch: dict[str, Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict) and isinstance(target.get(name), dict):
            _merge(target[name], value)
        else:
            target[name] = value
