"""Control endpoints of the stream, for tests and demonstrations. The server is reachable only through loopback.

`GET /simulator/stream` returns its settings, spans and connections. `POST /simulator/stream` changes the given settings
(`simulator.stream.stream.Settings`) and starts the stream.

`GET /simulator/stream/truth?from_ms=&to_ms=&limit=&after_q=` returns {"columns": {field: [...]}, "next": {"from_ms":
…, "after_q": …} or null}: every trade in the range (both ends included), ascending, including those withheld by a gap.
The values of `next` request the next page. `to_ms` is limited to the last second that has been sent.

`POST /simulator/stream/faults` applies a fault to every open connection of `cluster` at once:

    cut             end the TCP connection without a close frame
    silent          discard everything to be sent for `seconds`; with "pongs": false also leave pings unanswered
    slow            send at most `bytes_per_second` for `seconds`
    garbage, truncated, duplicate, reordering   corrupt the next `times` frames of events
    gap             omit the trades of `seconds` from the stream; REST includes them
    eviction        status max_connections, then close code 1008
    slow_consumer, force_disconnect   that status, then close code 1008
    close           close code 1000
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
    """One fault; see the module docstring."""

    kind: Kind
    cluster: Literal["options", "indices", "stocks"] = "options"
    seconds: float = 5.0
    times: int = 1
    bytes_per_second: int = 1000
    pongs: bool = True


async def settings(request: Request) -> Response:
    """Serve GET and POST /simulator/stream."""
    stream: Stream = request.app.state.stream
    if request.method == "POST":
        try:
            changes = msgspec.json.decode(await request.body(), type=dict[str, Any])
            stream.change(msgspec.convert(msgspec.to_builtins(stream.settings) | changes, Settings))
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
    """Serve POST /simulator/stream/faults."""
    stream: Stream = request.app.state.stream
    try:
        fault = msgspec.json.decode(await request.body(), type=StreamFault)
    except msgspec.MsgspecError as error:
        return answer({"error": str(error)}, 400)
    connections = stream.on(fault.cluster)
    body: dict[str, Any] = {"connections": len(connections)}
    if fault.kind == "gap":
        first = stream.withhold(fault.seconds)
        body |= {"from_ms": first * 1000, "to_ms": stream.withhold_until * 1000 - 1}
    for connection in connections:
        _apply(connection, fault)
    return answer(body)


def _apply(connection: Connection, fault: StreamFault) -> None:
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
    """Serve GET /simulator/stream/truth."""
    stream: Stream = request.app.state.stream
    parameters = request.query_params
    try:
        from_ms, after_q = int(parameters.get("from_ms", 0)), int(parameters.get("after_q", -1))
        to_ms = min(int(parameters.get("to_ms", 1 << 60)), stream.sent_until_ms - 1)
        limit = max(1, min(int(parameters.get("limit", _USUAL_ROWS)), _MOST_ROWS))
    except ValueError as error:
        return answer({"error": str(error)}, 400)
    page = await run_in_threadpool(_page, stream.world.trade_log, from_ms, to_ms, after_q, limit)
    return Response(page, media_type="application/json")


def _page(trades: TradeLog, from_ms: int, to_ms: int, after_q: int, limit: int) -> bytes:
    """Return one page as JSON. Called in a thread, because encoding some megabytes would block the event loop."""
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
