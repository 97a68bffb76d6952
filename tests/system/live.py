"""The path of a trade in real processes: simulator, consumer, workers, PostgreSQL and Valkey.

The market's clock is at noon in a session. Lost trades are repaired afterwards by workers whose clock is a few minutes
later, so that no test waits for the minutes after which a repair starts.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import redis
from celery import current_app
from django.db import OperationalError, connection

from flow.delivery.inbox import Inbox
from flow.storing import cancels
from flow.stream.housekeeping import HEARTBEAT
from local.launch.services import FLOW_QUEUE, consumer, worker
from local.servers.hold import Held, ServerName
from local.servers.processes import wait_until
from quant import sessions
from tests.simulator import streams
from tests.simulator.servers import Server, simulator
from tests.system.children import Child, Children
from tests.system.compare import Comparison, compare
from tests.system.conftest import BROKER
from tests.system.conftest import eventually as within
from tests.system.expected import symbol_of
from warehouse.models import (
    ContractSizeDay,
    Heartbeat,
    HistoricalGreeks,
    OptionsFlow,
    StreamGap,
    WatchlistEntry,
)
from warehouse.models.enums import GapStatus, WorkerStatus
from warehouse.watchlist import add_default_symbols

SESSION = datetime(2026, 11, 18, 17, 0, tzinfo=UTC)  # Wednesday, 12:00 New York
QUARTER = timedelta(minutes=15)
PREPARATION = timedelta(seconds=45)  # from the start of the simulator to the first trade compared
RATED_MS = (
    12_000  # of trades, after which a contract with several orders still has windows as long as an order
)
AVERAGE_SIZE = 20  # contracts per trade, of so many past trades that a few more do not change it
SETTLED = timedelta(minutes=2)  # after which a repair may start
MARGIN_MS = 10_000  # around a gap; a repair may add information to the trades of the stream there
FLOW_WORKER, OTHER_WORKER, CONSUMER = "flow worker", "other worker", "consumer"
_SERVICES = {
    FLOW_WORKER: worker(FLOW_QUEUE),
    OTHER_WORKER: worker("default,ingest,repair"),
    CONSUMER: consumer(),
}

PATIENCE = 180.0  # seconds; the limit of each wait, as a busy machine takes half a minute to start a process


class Live:
    """A running system. Trades flow after `start`; the truth is compared from `since_ms` on."""

    def __init__(
        self, server: Server, children: Children, stack: Held, symbols: list[str], offset_ms: int
    ) -> None:
        self.server, self.stack, self.symbols = server, stack, symbols
        self.children = children
        self.since_ms = 0
        self.quoted: set[str] = set()
        self.broker = redis.Redis.from_url(stack.redis_url(BROKER))
        self.inbox = Inbox(self.broker, "options")
        self.restarted: Counter[str] = Counter()  # services that ended by themselves
        self.listening_ms = 0  # when the consumer was started
        self._running: dict[str, Child] = {}
        self._offset_ms = offset_ms

    def start(self, trades_per_second: int) -> None:
        slot_ms = self._slot_before(self.now_ms())
        self.start_service(OTHER_WORKER)
        self.start_service(FLOW_WORKER)
        streams.run(self.server, trades_per_second=trades_per_second)
        self.ingest_chains(slot_ms)
        self.start_service(CONSUMER)
        self.eventually(
            lambda: 0 < self.beat().get("quoted_contracts", 0) == len(self._quoted()) and self.rows()
        )
        self.quoted = self._quoted()
        self.since_ms = self.now_ms() // 1000 * 1000 + RATED_MS

    def start_service(self, name: str) -> None:
        if name == CONSUMER:
            self.listening_ms = self.now_ms()
        self._running[name] = self.children.start(_SERVICES[name], CLOCK_OFFSET_MS=str(self._offset_ms))

    def kill_service(self, name: str) -> None:
        self._running.pop(name).kill()

    def tend(self) -> None:
        """Restart services that ended by themselves, as the supervisor does; workers may when the broker fails."""
        for name, child in list(self._running.items()):
            if not child.is_alive():
                self.kill_service(name)
                self.start_service(name)
                self.restarted[name] += 1

    def eventually(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait for `condition` and restart services meanwhile."""

        def is_true() -> object:
            self.tend()
            return condition()

        within(is_true, seconds)

    def now_ms(self) -> int:
        return round(datetime.now(UTC).timestamp() * 1000) + self._offset_ms

    def ingest_chains(self, slot_ms: int) -> None:
        for symbol in self.symbols:
            self.send("ingestion.tasks.ingest_chain", symbol, slot_ms, queue="ingest")
        fetched = HistoricalGreeks.objects.filter(timestamp=slot_ms)
        self.eventually(lambda: fetched.values("symbol").distinct().count() == len(self.symbols))

    def send(self, task: str, *arguments: Any, **options: Any) -> None:
        with current_app.connection_for_write(self.stack.redis_url(BROKER)) as link:
            current_app.send_task(task, arguments, connection=link, **options)

    def beat(self) -> dict[str, Any]:
        """Return the metadata of the consumer's last heartbeat."""
        last = Heartbeat.objects.filter(id=HEARTBEAT).first()
        return (last.metadata or {}) if last else {}

    def rows(self, since_ms: int = 0) -> int:
        return OptionsFlow.objects.filter(timestamp__gte=since_ms).count()

    def flows_again(self) -> None:
        """Wait until trades later than now are in the table."""
        moment = self.now_ms()
        self.eventually(lambda: _is_true(lambda: OptionsFlow.objects.filter(timestamp__gt=moment).exists()))

    def kill_server(self, name: ServerName) -> None:
        """Kill a server with SIGKILL and wait until its keeper has restarted it."""
        connection.close()
        killed = self.stack.pid(name)
        assert killed
        os.kill(killed, signal.SIGKILL)
        self.eventually(lambda: self.stack.pid(name) not in (None, killed))

    def batches(self) -> dict[str, bytes]:
        """Return copies of the batches in the inbox."""
        return {name: payload for name in self.inbox.waiting() if (payload := self.inbox.get(name))}

    def deliver_again(self, batches: dict[str, bytes]) -> None:
        """Deliver the same batches under their own names and under others, the last one first."""
        for number, (name, payload) in enumerate(reversed(batches.items())):
            for batch_name in (f"options:again:{number}", name):
                self.inbox.put(batch_name, payload)
                self.send("flow.tasks.store_trades", batch_name, queue=FLOW_QUEUE)

    def caught_up(self) -> int:
        """Wait until all trades until now are stored, and return that time."""
        moment = self.now_ms()
        self.eventually(
            lambda: (
                self.beat().get("safe_ms", 0) > moment and (self.inbox.earliest_ms() or moment + 1) > moment
            )
        )
        return moment

    def settle(self) -> int:
        """Stop the trades, wait until all are stored, end the consumer, and return the time of the last trade."""
        streams.run(self.server, trades_per_second=0)
        last_ms = self.now_ms()
        self.eventually(lambda: self._state()["sent_until_ms"] > last_ms + 1000)
        listener = self._running.pop(CONSUMER)
        listener.process.terminate()
        listener.process.wait(PATIENCE)
        stored = Heartbeat.objects.get(id=HEARTBEAT)
        assert stored.status == WorkerStatus.STOPPING, "the consumer did not end in order"
        self.eventually(lambda: not self.inbox.size() or self._swept())
        return last_ms

    def repair(self, seconds: float = PATIENCE) -> None:
        """Set the clock ahead, fetch the chains with the traded contracts, and repair every gap."""
        self.kill_service(OTHER_WORKER)
        boundary = self._slot_before(self.now_ms()) + QUARTER // timedelta(milliseconds=1)
        ahead = max(boundary - self.now_ms() if boundary - self.now_ms() < 60_000 else 0, 0)
        self._offset_ms += ahead + SETTLED // timedelta(milliseconds=1)
        streams.post(self.server, "/simulator/clock", offset_ms=self._offset_ms)
        self.start_service(OTHER_WORKER)
        self.ingest_chains(self._slot_before(self.now_ms()))
        self.eventually(self._all_repaired, seconds)

    def match_cancels(self) -> None:
        """Match cancels, as housekeeping does each minute."""
        cancels.match(cancels.days_with_cancels(self.since_ms, self.now_ms()))

    def compare(self, last_ms: int, numbered: bool = True) -> Comparison:
        self.match_cancels()
        trades = [
            one
            for one in streams.truth(self.server, self.since_ms, last_ms, limit=50_000)
            if symbol_of(one["ticker"]) in self.symbols
        ]
        gaps = list(StreamGap.objects.exclude(to_ms=None).values_list("from_ms", "to_ms"))
        return compare(
            trades,
            self.quoted,
            lambda ms: any(a - MARGIN_MS <= ms <= b + MARGIN_MS for a, b in gaps),
            numbered,
        )

    def _swept(self) -> bool:
        """Send the sweeper task, which sends lost messages of a killed worker again."""
        self.send("flow.tasks.sweep_inbox", 0.0, queue="default")
        return wait_until(lambda: not self.inbox.size(), 2)

    def _all_repaired(self) -> bool:
        """Send the repair task, as the schedule does each minute."""
        self.send("flow.tasks.keep_flow", queue="default")
        return wait_until(lambda: not StreamGap.objects.filter(status=GapStatus.OPEN).exists(), 20)

    def _quoted(self) -> set[str]:
        """Return the contracts whose quotes the consumer subscribed to."""
        quoted = [link["quoted"] for link in self._state()["connections"] if link["cluster"] == "options"]
        return {ticker for tickers in quoted for ticker in tickers}

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.server.get("/simulator/stream").json()
        return state

    @staticmethod
    def _slot_before(ms: int) -> int:
        return ms - ms % (QUARTER // timedelta(milliseconds=1))


def _is_true(condition: Any) -> bool:
    """Return the value of a condition that queries the database; False while the database is unavailable."""
    try:
        return bool(condition())
    except OperationalError:
        connection.close()
        return False


@contextmanager
def running(stack: Held, directory: Path, symbols: list[str], lasting: timedelta) -> Iterator[Live]:
    """Run a system whose trades, of the duration `lasting`, end when a chain becomes due. All processes are ended."""
    start = SESSION + QUARTER - (lasting + PREPARATION) % QUARTER
    offset_ms = (start - datetime.now(UTC)) // timedelta(milliseconds=1)
    add_default_symbols(symbols)
    WatchlistEntry.objects.update(active_since_ms=0)
    day = sessions.new_york_date(start)
    for symbol in symbols:
        past = sessions.previous_session(day)
        ContractSizeDay.objects.create(symbol=symbol, date=past, trades=10**9, contracts=AVERAGE_SIZE * 10**9)
    with simulator("--clock-offset-ms", str(offset_ms)) as server:
        children = Children(
            {
                "DATABASE_URL": stack.owner_url(connection.settings_dict["NAME"]),
                "REDIS_URL": stack.redis_url(BROKER),
                "CLOCK_OFFSET_MS": str(offset_ms),
                "MASSIVE_BASE_URL": server.base_url,
                "MASSIVE_STREAM_URL": server.base_url.replace("http", "ws"),
                "FLOW_SPOOL_DIRECTORY": str(directory / "spool"),
                "FLOW_UNDERLYING_STREAMS": "indices",
            },
            directory,
        )
        live = Live(server, children, stack, symbols, offset_ms)
        live.broker.flushdb()
        try:
            yield live
        finally:
            children.end()
            live.broker.flushdb()
            live.broker.close()
