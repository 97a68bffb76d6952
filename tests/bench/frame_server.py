"""`python -m tests.bench.frame_server`: some seconds of the simulated market, rendered before, served at full speed.

A simulator that makes its trades while they are measured takes a share of the processor that no provider's
server would take from us: 13 to 19 µs a trade, where consumer, worker and PostgreSQL together take about 50. This
one makes the same events with the same code first, and then only sends bytes.
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
    """Frames of events in their order, and what stands in them."""

    frames: list[bytes]
    trades: int
    quotes: int
    first_ms: int


def render(session: date, trades_per_second: int, seconds: int) -> Rendered:
    """Events of market seconds at a rate; every traded contract is quoted once a second, before it trades."""
    pool = build_pool(SyntheticMarket(SEED), session)
    first = int(open_of(session).timestamp()) + AFTER_OPEN_SECONDS
    blocks = Blocks(pool, SEED, trades_per_second, first)
    made: list[bytes] = []
    trades = quotes = 0
    for second in range(first, first + seconds):
        block = blocks.at(second)
        trades, quotes = trades + len(block.trades), quotes + len(block.quotes)
        made += frames(block_events(pool, block, with_quotes=True).messages.tolist())
    return Rendered(made, trades, quotes, first * 1000)


def serve(listener: socket.socket, wire: list[bytes]) -> None:
    """One client at a time, until the process is ended: every one that subscribes gets all of it."""
    while True:
        client, _ = listener.accept()
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                _serve(client, wire)
            except OSError:  # the client left
                continue


def _serve(client: socket.socket, wire: list[bytes]) -> None:
    reader, sent = Reader(), False
    client.sendall(accept(client.recv(65536))[1] + _said("connected", "Connected Successfully"))
    while data := client.recv(65536):
        for opcode, payload in reader.feed(data):
            request = json.loads(payload) if opcode == TEXT else {}
            if request.get("action") == "auth":
                client.sendall(_said("auth_success", "authenticated"))
            elif request.get("action") == "subscribe":
                client.sendall(_said("success", f"subscribed to: {request['params'].split(',')[0]}"))
                if not sent:
                    sent = True
                    _tell(began=time.monotonic())
                    for piece in wire:
                        client.sendall(piece)


def _tell(**told: object) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _said(kind: str, message: str) -> bytes:
    return frame(encode([status(kind, message)]))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.frame_server", description=__doc__)
    parser.add_argument("--session", type=date.fromisoformat, required=True)
    parser.add_argument("--trades-per-second", type=int, required=True, help="of the market's time")
    parser.add_argument("--seconds", type=int, required=True)
    arguments = parser.parse_args()
    rendered = render(arguments.session, arguments.trades_per_second, arguments.seconds)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    _tell(url=f"ws://127.0.0.1:{port}", trades=rendered.trades)
    serve(listener, [frame(payload) for payload in rendered.frames])


if __name__ == "__main__":
    main()
