"""The stream: every second of the session is made in a thread, kept in the log, and sent as time passes.

It starts with the first subscriber or the first control request, and from then on prints whether somebody
listens or not, as a market does. While it runs, its log is the tape REST serves.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any, NamedTuple

import msgspec
import numpy as np
from starlette.concurrency import run_in_threadpool

from quant.sessions import session_of
from simulator.stream.connection import EVICTED, POLICY_VIOLATION, Connection
from simulator.stream.events import Events, block_events
from simulator.stream.levels import LevelEvent, Levels
from simulator.stream.trade_blocks import MOST_TRADES, Block, Blocks
from simulator.stream.trade_pool import Pool, build_pool
from simulator.world import World

_STEP_SECONDS = 0.02
# More at once would keep the event loop from answering REST.
_MOST_AT_ONCE = 5000
_LATEST_SECONDS = 60


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """How the stream runs; in force from the next second that is made.

    `buffer_bytes` may lie unread before a client counts as slow, `auth_seconds` are given to authenticate;
    without `rest_sequence_numbers` REST rows lack theirs, as older ones of the provider do.
    """

    trades_per_second: int = 50
    burst_seconds: int = 0
    quotes: bool = True
    seed: int = 7
    buffer_bytes: int = 64 << 20
    rest_sequence_numbers: bool = True
    auth_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.trades_per_second <= MOST_TRADES:
            raise ValueError(f"trades_per_second must be from 0 to {MOST_TRADES:,}")
        if self.burst_seconds < 0:
            raise ValueError("burst_seconds must not be negative; 0 means no bursts")


class Made(NamedTuple):
    """One second ready to be sent; without option events where the market is closed."""

    second: int
    pool: Pool | None
    block: Block | None
    events: Events | None
    levels: list[LevelEvent]
    fresh: bool


class Stream:
    """The stream of one world and its connections."""

    def __init__(self, world: World, api_key: str | None) -> None:
        self.world, self.api_key = world, api_key
        self.settings = Settings(seed=world.seed)
        self.connections: dict[tuple[str, str], Connection] = {}
        self.withhold_until = 0
        self.sent_until_ms = 0
        self._levels = Levels(world.market)
        self._pool: Pool | None = None
        self._blocks: Blocks | None = None
        self._made_with: Settings | None = None
        self._running: asyncio.Task[None] | None = None
        self._made_until = 0

    def start(self) -> None:
        """Begin to print; once is enough."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    def change(self, settings: Settings) -> None:
        """Other settings from the next second that is made."""
        self.settings = settings
        self.world.trade_log.sequence_numbers = settings.rest_sequence_numbers
        self.start()

    def join(self, connection: Connection) -> None:
        """Let an authenticated connection in: it evicts the older one of the same key and cluster."""
        older = self.connections.get((connection.cluster, connection.key))
        if older is not None:
            older.end(POLICY_VIOLATION, [EVICTED])
        self.connections[connection.cluster, connection.key] = connection
        self.start()

    def leave(self, connection: Connection) -> None:
        """Forget a connection, unless a younger one took its place."""
        place = (connection.cluster, connection.key)
        if self.connections.get(place) is connection:
            del self.connections[place]

    def on(self, cluster: str) -> list[Connection]:
        """The authenticated connections of a cluster."""
        return [connection for (where, _), connection in self.connections.items() if where == cluster]

    def now_ms(self) -> int:
        return int(self.world.data_instant().timestamp() * 1000)

    async def _run(self) -> None:
        offset, second = self.world.clock_offset_ms, self.now_ms() // 1000 + 1
        making = asyncio.create_task(run_in_threadpool(self._make, second))
        while True:
            made = await making
            late = self.now_ms() // 1000 - made.second > _LATEST_SECONDS
            # A second or two behind is made up for; a clock that was set, or a long sleep, is not.
            if late or self.world.clock_offset_ms != offset:
                offset, second = self.world.clock_offset_ms, self.now_ms() // 1000 + 1
                making = asyncio.create_task(run_in_threadpool(self._make, second))
                continue
            second += 1
            making = asyncio.create_task(run_in_threadpool(self._make, second))
            await self._deliver(made)

    def withhold(self, seconds: float) -> int:
        """Keep the trades of some seconds from the stream, from the next second that is made, returned."""
        first = self._made_until
        self.withhold_until = first + max(1, round(seconds))
        return first

    def _make(self, second: int) -> Made:
        """Make one second, in a thread."""
        self._made_until = second + 1
        instant = dt.datetime.fromtimestamp(second, dt.UTC)
        settings, date = self.settings, session_of(instant)
        if date is None:
            self._blocks = None
            return Made(second, None, None, None, [], True)
        levels = self._levels.at(date, second)
        if self._pool is None or self._pool.date != date:
            recorded = self.world.recorded.symbol if self.world.recorded else None
            self._pool, self._blocks = build_pool(self.world.market, date, recorded), None
        pool = self._pool
        if second >= pool.closes:
            return Made(second, None, None, None, levels, True)
        fresh = self._blocks is None or settings != self._made_with
        if fresh or self._blocks is None:
            rate, bursts = settings.trades_per_second, settings.burst_seconds
            self._blocks = Blocks(pool, settings.seed, rate, second, bursts)
            self._made_with = settings
        block = self._blocks.at(second)
        if second < self.withhold_until:
            block.trades["withheld"] = True
        return Made(second, pool, block, block_events(pool, block, settings.quotes), levels, fresh)

    async def _deliver(self, made: Made) -> None:
        """Send a second's events when their time has come, and end with the second."""
        if made.pool is not None and made.block is not None:
            await run_in_threadpool(self.world.trade_log.append, made.pool, made.block, made.fresh)
        end_ms = (made.second + 1) * 1000
        await self._until(made.second * 1000)
        self._send_levels(made)
        sent = 0
        while made.pool is not None and made.events is not None and sent < len(made.events.ms):
            due = int(np.searchsorted(made.events.ms, self.now_ms(), side="right"))
            end = min(due, sent + _MOST_AT_ONCE)
            if end > sent:
                for connection in self.on("options"):
                    connection.send(made.pool, made.events, sent, end)
                sent = end
            await asyncio.sleep(0 if end < due else _STEP_SECONDS)
        await self._until(end_ms)
        self.sent_until_ms = end_ms

    async def _until(self, ms: int) -> None:
        """Wait for an instant of the stream, a little at a time; a clock set back is not waited for."""
        while 0 < (left := ms - self.now_ms()) <= 2000:
            await asyncio.sleep(min(left / 1000, _STEP_SECONDS))

    def _send_levels(self, made: Made) -> None:
        for cluster in ("indices", "stocks"):
            for connection in self.on(cluster):
                wanted = connection.subscriptions.wants
                messages: list[Any] = [
                    one.message
                    for one in made.levels
                    if one.cluster == cluster and wanted(one.topic, one.ticker)
                ]
                connection.send_messages(messages)
