"""The stream: each second of the session is computed in a thread, stored in the log, and sent in real time.

It starts with the first subscriber or control request and then runs whether or not clients are connected, as a market
does. For the seconds in which it ran, REST serves the trades and quotes of its log.
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
# A larger number would keep the event loop from serving REST.
_MOST_AT_ONCE = 5000
_LATEST_SECONDS = 60


class Settings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Settings of the stream, applied from the next computed second on.

    A client with more than `buffer_bytes` unread is disconnected as slow. `auth_seconds` is the time limit for
    authentication. Without `rest_sequence_numbers`, REST rows lack sequence numbers, like older rows of the provider.
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
    """One computed second, ready to be sent; without option events while the market is closed."""

    second: int
    pool: Pool | None
    block: Block | None
    events: Events | None
    levels: list[LevelEvent]
    fresh: bool


class Stream:
    """The stream of one world, with its connections."""

    def __init__(self, world: World, api_key: str | None) -> None:
        self.world, self.api_key = world, api_key
        self.settings = Settings(seed=world.seed)
        self.connections: dict[tuple[str, str], Connection] = {}
        self.withhold_until = 0
        self.sent_until_ms = 0
        self._levels = Levels(world.market, world.indices)
        self._pool: Pool | None = None
        self._blocks: Blocks | None = None
        self._made_with: Settings | None = None
        self._running: asyncio.Task[None] | None = None
        self._made_until = 0

    def start(self) -> None:
        """Start the stream if it is not running."""
        if self._running is None:
            self._running = asyncio.create_task(self._run())

    def change(self, settings: Settings) -> None:
        """Change the settings from the next computed second on."""
        self.settings = settings
        self.world.trade_log.sequence_numbers = settings.rest_sequence_numbers
        self.start()

    def forget_prices(self) -> None:
        """Compute prices again from the next second on, because those of the market have changed."""
        self._levels.forget()

    def join(self, connection: Connection) -> None:
        """Add an authenticated connection. It evicts an older one of the same key and cluster."""
        older = self.connections.get((connection.cluster, connection.key))
        if older is not None:
            older.end(POLICY_VIOLATION, [EVICTED])
        self.connections[connection.cluster, connection.key] = connection
        self.start()

    def leave(self, connection: Connection) -> None:
        """Remove a connection, unless a newer one has replaced it."""
        key = (connection.cluster, connection.key)
        if self.connections.get(key) is connection:
            del self.connections[key]

    def on(self, cluster: str) -> list[Connection]:
        """Return the authenticated connections of a cluster."""
        return [
            connection for (its_cluster, _), connection in self.connections.items() if its_cluster == cluster
        ]

    def now_ms(self) -> int:
        """Return the current time of the stream, epoch milliseconds."""
        return int(self.world.data_instant().timestamp() * 1000)

    async def _run(self) -> None:
        offset, second = self.world.clock_offset_ms, self.now_ms() // 1000 + 1
        making = asyncio.create_task(run_in_threadpool(self._make, second))
        while True:
            made = await making
            late = self.now_ms() // 1000 - made.second > _LATEST_SECONDS
            # A delay of a second or two is caught up; a changed clock or a long sleep skips to the present.
            if late or self.world.clock_offset_ms != offset:
                offset, second = self.world.clock_offset_ms, self.now_ms() // 1000 + 1
                making = asyncio.create_task(run_in_threadpool(self._make, second))
                continue
            second += 1
            making = asyncio.create_task(run_in_threadpool(self._make, second))
            await self._deliver(made)

    def withhold(self, seconds: float) -> int:
        """Withhold trades for `seconds` from the next computed second on. Returns that second."""
        first = self._made_until
        self.withhold_until = first + max(1, round(seconds))
        return first

    def _make(self, second: int) -> Made:
        """Compute one second; runs in a thread."""
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
        """Send a second's events as they become due, and return at the end of the second."""
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
        """Wait for an instant of the stream in small steps; does not wait after the clock is set back."""
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
