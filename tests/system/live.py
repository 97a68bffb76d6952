"""The whole way of a trade as real processes: simulator, consumer, workers, PostgreSQL and Valkey.

The market is a session at noon. What was lost on the way is repaired afterwards by workers whose clock is a few
minutes later, so that no test waits for the minutes a repair waits.
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
PREPARATION = timedelta(seconds=35)  # from the start of the simulator to the first trade compared
AVERAGE_SIZE = 20  # contracts, of so many trades in the past that a few more do not move it
SETTLED = timedelta(minutes=2)  # by which a repair may begin
MARGIN_MS = 10_000  # beside a gap, where a repair may know more of a trade than the stream told
FLOW_WORKER, OTHER_WORKER, CONSUMER = "flow worker", "other worker", "consumer"
_SERVICES = {FLOW_WORKER: worker(FLOW_QUEUE), OTHER_WORKER: worker("default,ingest"), CONSUMER: consumer()}

PATIENCE = 180.0  # seconds for any one event: a busy machine starts a process in half a minute


class Live:
    """A running system. Trades flow from `start` on; the truth is compared from `since_ms` on."""

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
        self.listening_ms = 0  # since when the consumer runs
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
        self.since_ms = self.now_ms() // 1000 * 1000 + 2000

    def start_service(self, name: str) -> None:
        if name == CONSUMER:
            self.listening_ms = self.now_ms()
        self._running[name] = self.children.start(_SERVICES[name], CLOCK_OFFSET_MS=str(self._offset_ms))

    def kill_service(self, name: str) -> None:
        self._running.pop(name).kill()

    def tend(self) -> None:
        """Starts again what ended by itself, as the supervisor does: a worker may, when its broker is gone."""
        for name, child in list(self._running.items()):
            if not child.is_alive():
                self.kill_service(name)
                self.start_service(name)
                self.restarted[name] += 1

    def eventually(self, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Waits for it, and tends the services meanwhile."""

        def holds() -> object:
            self.tend()
            return condition()

        within(holds, seconds)

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
        """What the consumer last said of itself."""
        last = Heartbeat.objects.filter(id=HEARTBEAT).first()
        return (last.metadata or {}) if last else {}

    def rows(self, since_ms: int = 0) -> int:
        return OptionsFlow.objects.filter(timestamp__gte=since_ms).count()

    def flows_again(self) -> None:
        """Waits until trades of a later time than now are in the table."""
        moment = self.now_ms()
        self.eventually(lambda: _asked(lambda: OptionsFlow.objects.filter(timestamp__gt=moment).exists()))

    def kill_server(self, name: ServerName) -> None:
        """SIGKILL; its keeper starts it again."""
        connection.close()
        killed = self.stack.pid(name)
        assert killed
        os.kill(killed, signal.SIGKILL)
        self.eventually(lambda: self.stack.pid(name) not in (None, killed))

    def batches(self) -> dict[str, bytes]:
        """Copies of what lies in the inbox."""
        return {name: payload for name in self.inbox.waiting() if (payload := self.inbox.get(name))}

    def deliver_again(self, batches: dict[str, bytes]) -> None:
        """The same batches under their own names and under others, the last one first."""
        for number, (name, payload) in enumerate(reversed(batches.items())):
            for given in (f"options:again:{number}", name):
                self.inbox.put(given, payload)
                self.send("flow.tasks.store_trades", given, queue=FLOW_QUEUE)

    def caught_up(self) -> int:
        """Waits until all that was traded until now is stored; returns that time."""
        moment = self.now_ms()
        self.eventually(
            lambda: (
                self.beat().get("safe_ms", 0) > moment and (self.inbox.earliest_ms() or moment + 1) > moment
            )
        )
        return moment

    def settle(self) -> int:
        """Ends the trades, waits until all of them are stored and ends the consumer; returns the last one's time."""
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
        """Sets the clock ahead, fetches the chains that name what traded, and repairs every gap."""
        self.kill_service(OTHER_WORKER)
        boundary = self._slot_before(self.now_ms()) + QUARTER // timedelta(milliseconds=1)
        ahead = max(boundary - self.now_ms() if boundary - self.now_ms() < 60_000 else 0, 0)
        self._offset_ms += ahead + SETTLED // timedelta(milliseconds=1)
        streams.post(self.server, "/simulator/clock", offset_ms=self._offset_ms)
        self.start_service(OTHER_WORKER)
        self.ingest_chains(self._slot_before(self.now_ms()))
        self.eventually(self._all_repaired, seconds)

    def match_cancels(self) -> None:
        """The pass over the day that housekeeping makes each minute."""
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
        """Has the sweeper send again what a killed worker took along."""
        self.send("flow.tasks.sweep_inbox", 0.0, queue="default")
        return wait_until(lambda: not self.inbox.size(), 2)

    def _all_repaired(self) -> bool:
        """Has the gaps sent to their repair, again and again as the schedule does each minute."""
        self.send("flow.tasks.keep_flow", queue="default")
        return wait_until(lambda: not StreamGap.objects.filter(status=GapStatus.OPEN).exists(), 20)

    def _quoted(self) -> set[str]:
        """The contracts whose quotes the consumer asked for."""
        wanted = [link["quoted"] for link in self._state()["connections"] if link["cluster"] == "options"]
        return {ticker for tickers in wanted for ticker in tickers}

    def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.server.get("/simulator/stream").json()
        return state

    @staticmethod
    def _slot_before(ms: int) -> int:
        return ms - ms % (QUARTER // timedelta(milliseconds=1))


def _asked(question: Any) -> bool:
    """The answer of a database that may be away."""
    try:
        return bool(question())
    except OperationalError:
        connection.close()
        return False


@contextmanager
def running(stack: Held, directory: Path, symbols: list[str], lasting: timedelta) -> Iterator[Live]:
    """A system whose trades, lasting so long, end as a chain becomes due. Everything is ended afterwards."""
    begins = SESSION + QUARTER - (lasting + PREPARATION) % QUARTER
    offset_ms = (begins - datetime.now(UTC)) // timedelta(milliseconds=1)
    add_default_symbols(symbols)
    WatchlistEntry.objects.update(active_since_ms=0)
    day = sessions.new_york_date(begins)
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
