"""`python -m simulator`: serve a market on 127.0.0.1 and print the addresses as one line of JSON."""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import datetime as dt
import json
import os
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from quant.sessions import market_now
from simulator.intraday.moves import Behaviour
from simulator.intraday.with_trend import last_session_with_trend
from simulator.recorded.dividend_file import NotAQuoteTable
from simulator.recorded.quote_table import Recording, read
from simulator.rest.app import build
from simulator.rest.plans import plan
from simulator.stream.connection import protocol_of
from simulator.stream.stream import Stream
from simulator.world import World, recording_offset_ms

_PR_SET_PDEATHSIG = 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 selects a free port")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--plan", choices=("basic", "starter", "developer", "advanced"), default="advanced")
    parser.add_argument("--no-indices", action="store_true", help="a plan without index data")
    parser.add_argument("--clock-offset-ms", type=int, help="the market's clock minus the real time")
    parser.add_argument("--chain", type=Path, help="a recorded quote table to serve as a chain")
    parser.add_argument(
        "--strike-spacing", type=int, default=1, help="multiple of the exchange's strike spacing"
    )
    parser.add_argument(
        "--day-kinds", action="store_true", help="days with trends, reversals and opening drives"
    )
    parser.add_argument("--earnings", action="store_true", help="earnings of stocks four times a year")
    parser.add_argument("--setups", action="store_true", help="plant breakouts with unusual volume")
    parser.add_argument(
        "--win-rate",
        type=float,
        help="share of the planted breakouts that reach their target; by default the price goes on as a random walk",
    )
    parser.add_argument(
        "--show-session",
        type=dt.date.fromisoformat,
        metavar="YYYY-MM-DD",
        help="print the last session up to a date whose planted breakout goes with the trend, and end",
    )
    parser.add_argument("--api-key", help="the only accepted key; without it any non-empty key is accepted")
    parser.add_argument("--parent-death", action="store_true", help="end when the parent process ends")
    return parser.parse_args()


def main() -> int:
    """Serve until SIGTERM, or print a session. Returns 2 when the file of `--chain` is not a quote table."""
    arguments = _arguments()
    if arguments.parent_death:
        _end_with_parent()
    recording: Recording | None = None
    if arguments.chain:
        try:
            recording = read(arguments.chain)
        except NotAQuoteTable as error:
            sys.stderr.write(f"{error}\n")
            return 2
    offset = arguments.clock_offset_ms
    if offset is None:
        offset = recording_offset_ms(recording, market_now(0)) if recording else 0
    entitled = plan(arguments.plan, not arguments.no_indices)
    behaviour = Behaviour(arguments.setups, arguments.win_rate, arguments.day_kinds, arguments.earnings)
    world = World(arguments.seed, entitled, offset, recording, arguments.strike_spacing, behaviour)
    if arguments.show_session:
        sys.stdout.write(f"{last_session_with_trend(world.market.moves, arguments.show_session)}\n")
        return 0
    # The exchange calendar takes seconds to load: load it before the first client waits for it.
    world.market_status()
    # uvicorn raises the signal again after its shutdown; without a handler the process would die by the signal.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = _listen(arguments.port)
    asyncio.run(_serve(world, arguments.api_key, listener))
    return 0


def _listen(port: int) -> socket.socket:
    # Without an explicit protocol the event loop does not recognise TCP and leaves Nagle's algorithm on: every small
    # response would wait 40 ms for the client's acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(128)
    return listener


async def _serve(world: World, api_key: str | None, listener: socket.socket) -> None:
    stream = Stream(world, api_key)
    config = uvicorn.Config(
        build(world, api_key, stream),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws=protocol_of(stream),
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    port = listener.getsockname()[1]
    addresses = {"base_url": f"http://127.0.0.1:{port}", "stream_url": f"ws://127.0.0.1:{port}"}
    sys.stdout.write(json.dumps(addresses | {"seed": world.seed}) + "\n")
    sys.stdout.flush()
    await serving


def _end_with_parent() -> None:
    """Make the kernel send SIGTERM when the parent ends. Exits if it has ended already."""
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


if __name__ == "__main__":
    sys.exit(main())
