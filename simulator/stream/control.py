"""Control of the stream, for tests and demonstrations. Only loopback reaches the server at all.

`GET /simulator/stream` tells how it runs and who listens; `POST /simulator/stream` changes the settings
(`simulator.stream.stream.Settings`, what is left out stays) and starts it.

`GET /simulator/stream/truth?from_ms=&to_ms=&limit=&after_q=` answers {"columns": {field: [...]}, "next": {"from_ms":
…, "after_q": …} or null}: every trade traded in the range (both ends included), also those a gap withheld,
ascending; the next page is asked for with the numbers in `next`. `to_ms` is held to what has been sent.

`POST /simulator/stream/faults` strikes every open connection of `cluster` at once:

    cut             ends the TCP connection in the middle
    silent          sends nothing for `seconds` and loses it; with "pongs": false pings stay unanswered too
    slow            sends at most `bytes_per_second` for `seconds`
    garbage, truncated, duplicate, reordering   spoil the next `times` frames of events
    gap             keeps the trades of `seconds` from the stream; REST has them
    eviction        max_connections, then close 1008
    slow_consumer, force_disconnect   that status, then close 1008
    close           a normal close, 1000
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from simulator.rest.responses import answer
from simulator.stream.connection import (
    EVICTED,
    FORCE_DISCONNECT,
    NORMAL,
    POLICY_VIOLATION,
    SLOW_CONSUMER,
    Connection,
)
from simulator.stream.stream import Settings, Stream
from simulator.stream.trade_log import TRUTH_FIELDS, TradeLog, truth_columns
from simulator.stream.writer import FRAME_FAULTS

_MOST_ROWS, _USUAL_ROWS = 50_000, 10_000
_ENDS = {
    "eviction": (POLICY_VIOLATION, [EVICTED]),
    "slow_consumer": (POLICY_VIOLATION, [SLOW_CONSUMER]),
    "force_disconnect": (POLICY_VIOLATION, [FORCE_DISCONNECT]),
    "close": (NORMAL, []),
}
Kind = Literal[
    "cut",
    "silent",
    "slow",
    "garbage",
    "truncated",
    "duplicate",
    "reordering",
    "gap",
    "eviction",
    "slow_consumer",
    "force_disconnect",
    "close",
]


class StreamFault(msgspec.Struct, forbid_unknown_fields=True):
    """One fault; see this module's description."""

    kind: Kind
    cluster: Literal["options", "indices", "stocks"] = "options"
    seconds: float = 5.0
    times: int = 1
    bytes_per_second: int = 1000
    pongs: bool = True


async def settings(request: Request) -> Response:
    """GET and POST /simulator/stream"""
    stream: Stream = request.app.state.stream
    if request.method == "POST":
        try:
            given = msgspec.json.decode(await request.body(), type=dict[str, Any])
            stream.change(msgspec.convert(msgspec.to_builtins(stream.settings) | given, Settings))
        except msgspec.MsgspecError as error:
            return answer({"error": str(error)}, 400)
    return answer(_state(stream))


def _state(stream: Stream) -> dict[str, Any]:
    return {
        "settings": msgspec.to_builtins(stream.settings),
        "now_ms": stream.now_ms(),
        "sent_until_ms": stream.sent_until_ms,
        "spans": [
            {"from_ms": span.first * 1000, "to_ms": span.last * 1000 + 999}
            for span in stream.world.trade_log.spans
        ],
        "connections": [
            {
                "cluster": connection.cluster,
                "sent_events": connection.writer.sent_events,
                "unsent_bytes": connection.writer.unsent,
                "quoted": connection.subscriptions.quoted,
            }
            for connection in stream.connections.values()
        ],
    }


async def faults(request: Request) -> Response:
    """POST /simulator/stream/faults"""
    stream: Stream = request.app.state.stream
    try:
        fault = msgspec.json.decode(await request.body(), type=StreamFault)
    except msgspec.MsgspecError as error:
        return answer({"error": str(error)}, 400)
    struck = stream.on(fault.cluster)
    body: dict[str, Any] = {"connections": len(struck)}
    if fault.kind == "gap":
        first = stream.withhold(fault.seconds)
        body |= {"from_ms": first * 1000, "to_ms": stream.withhold_until * 1000 - 1}
    for connection in struck:
        _strike(connection, fault)
    return answer(body)


def _strike(connection: Connection, fault: StreamFault) -> None:
    if fault.kind == "cut":
        connection.transport.abort()
    elif fault.kind == "silent":
        connection.writer.fall_silent(fault.seconds, fault.pongs)
    elif fault.kind == "slow":
        connection.writer.slow_down(fault.bytes_per_second, fault.seconds)
    elif fault.kind in FRAME_FAULTS:
        connection.writer.spoil(fault.kind, fault.times)
    elif fault.kind in _ENDS:
        connection.end(*_ENDS[fault.kind])


async def truth(request: Request) -> Response:
    """GET /simulator/stream/truth"""
    stream: Stream = request.app.state.stream
    asked = request.query_params
    try:
        from_ms, after_q = int(asked.get("from_ms", 0)), int(asked.get("after_q", -1))
        to_ms = min(int(asked.get("to_ms", 1 << 60)), stream.sent_until_ms - 1)
        limit = max(1, min(int(asked.get("limit", _USUAL_ROWS)), _MOST_ROWS))
    except ValueError as error:
        return answer({"error": str(error)}, 400)
    page = await run_in_threadpool(_page, stream.world.trade_log, from_ms, to_ms, after_q, limit)
    return Response(page, media_type="application/json")


def _page(trades: TradeLog, from_ms: int, to_ms: int, after_q: int, limit: int) -> bytes:
    """One page as JSON: some megabytes are better encoded in a thread than on the event loop."""
    columns: dict[str, list[Any]] = {name: [] for name in TRUTH_FIELDS}
    room, following = limit, None
    for span, rows in trades.between(from_ms, to_ms, after_q):
        for name, values in truth_columns(span.pool, rows[:room]).items():
            columns[name] += values
        room -= min(room, len(rows))
        if not room:
            following = {"from_ms": columns["ms"][-1], "after_q": columns["q"][-1]}
            break
    return msgspec.json.encode({"columns": columns, "next": following})
