"""Command `python -m tests.bench.frame_server`: serve seconds of the simulated market, rendered before, at full speed.

A simulator that generates trades during the measurement uses 13 to 19 µs of CPU time a trade on the same machine, while
consumer, worker and PostgreSQL together use about 50. This server generates the same events with the same code first,
and then only sends bytes.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import time
from dataclasses import dataclass
from datetime import date

from quant.sessions import open_of
from simulator.market.market import SyntheticMarket
from simulator.stream.events import block_events, encode, frames, status
from simulator.stream.trade_blocks import Blocks
from simulator.stream.trade_pool import build_pool
from simulator.stream.websocket import TEXT, Reader, accept, frame

SEED = 7
AFTER_OPEN_SECONDS = 7_200


@dataclass(frozen=True, slots=True)
class Rendered:
    """Frames of events in order, and the numbers of their trades and quotes."""

    frames: list[bytes]
    trades: int
    quotes: int
    first_ms: int


def render(session: date, trades_per_second: int, seconds: int) -> Rendered:
    """Return the events of market seconds; every traded contract is quoted once a second, before its trades."""
    pool = build_pool(SyntheticMarket(SEED), session)
    first = int(open_of(session).timestamp()) + AFTER_OPEN_SECONDS
    blocks = Blocks(pool, SEED, trades_per_second, first)
    rendered: list[bytes] = []
    trades = quotes = 0
    for second in range(first, first + seconds):
        block = blocks.at(second)
        trades, quotes = trades + len(block.trades), quotes + len(block.quotes)
        rendered += frames(block_events(pool, block, with_quotes=True).messages.tolist())
    return Rendered(rendered, trades, quotes, first * 1000)


def serve(listener: socket.socket, wire: list[bytes]) -> None:
    """Serve one client at a time until the process ends; each one that subscribes receives all frames."""
    while True:
        client, _ = listener.accept()
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                _serve(client, wire)
            except OSError:  # the client disconnected
                continue


def _serve(client: socket.socket, wire: list[bytes]) -> None:
    reader, sent = Reader(), False
    client.sendall(accept(client.recv(65536))[1] + _status_frame("connected", "Connected Successfully"))
    while data := client.recv(65536):
        for opcode, payload in reader.feed(data):
            request = json.loads(payload) if opcode == TEXT else {}
            if request.get("action") == "auth":
                client.sendall(_status_frame("auth_success", "authenticated"))
            elif request.get("action") == "subscribe":
                client.sendall(_status_frame("success", f"subscribed to: {request['params'].split(',')[0]}"))
                if not sent:
                    sent = True
                    _report(started=time.monotonic())
                    for message in wire:
                        client.sendall(message)


def _report(**values: object) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


def _status_frame(kind: str, message: str) -> bytes:
    return frame(encode([status(kind, message)]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.frame_server", description=__doc__)
    parser.add_argument("--session", type=date.fromisoformat, required=True)
    parser.add_argument(
        "--trades-per-second", type=int, required=True, help="trades in a second of market time"
    )
    parser.add_argument("--seconds", type=int, required=True)
    arguments = parser.parse_args()
    rendered = render(arguments.session, arguments.trades_per_second, arguments.seconds)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    _report(url=f"ws://127.0.0.1:{port}", trades=rendered.trades)
    serve(listener, [frame(payload) for payload in rendered.frames])


if __name__ == "__main__":
    main()
