"""Trades from a socket to committed rows; consumer, queue, workers and PostgreSQL are separate processes."""

from __future__ import annotations

import gc
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from flow import tasks
from flow.delivery.batch import TradeBatch
from flow.delivery.inbox import Inbox
from flow.storing import process_trades
from flow.storing.checks import check
from flow.stream.batching import Batcher
from flow.stream.enrich import Enricher
from flow.stream.rows import Contracts
from flow.stream.subscription import Shard, watch
from flow.stream.trade_sizes import TradeSizes
from local.launch.services import CONSUMER
from local.servers import processes
from provider.stream_messages import decode
from quant import sessions
from tests.bench import flow_processes as real
from tests.bench.flow_store import stopwatch
from tests.bench.frame_server import Rendered, render
from tests.bench.measure import Measured, staged_copy
from warehouse import clock, partitions
from warehouse.loading import bulk
from warehouse.models import Heartbeat, OptionsFlow
from warehouse.models.flow import TABLE
from warehouse.watchlist import add_default_symbols

TRADES_PER_SECOND, SECONDS = 5_000, 40  # of market time; frames are sent as fast as the consumer reads them
TIMEOUT_SECONDS = 300
FEED = "bench"


def flow_end_to_end() -> Measured:
    """Return the trades a second with one worker process, compared with the staged COPY of the same rows, encoded."""
    session = sessions.previous_session(datetime.now(UTC).date())
    rendered = render(session, TRADES_PER_SECOND, SECONDS)
    settings.FLOW_MINIMUM_CONTRACTS = 1  # every trade is stored, as in the worker below
    add_default_symbols()
    partitions.ensure(TABLE, rendered.first_ms, rendered.first_ms)
    real.empty_tables()
    batches, spent = _stages(rendered)
    ceiling = _ceiling(batches)
    with real.frame_server(session, TRADES_PER_SECOND, SECONDS) as server:
        one, cost = _seconds(server, workers=1)
        two, _ = _seconds(server, workers=2)
    count = rendered.trades
    stages = ", ".join(f"{name} {1e6 * seconds / count:.1f}" for name, seconds in spent.items())
    shares = ", ".join(f"{name} {1e6 * seconds / count:.1f}" for name, seconds in cost.items())
    return Measured(
        value=count / one,
        unit="trades/s",
        reference=ceiling,
        ratio=count / one / ceiling,
        details=f"{count:,} trades, {rendered.quotes:,} quotes; two workers {count / two:,.0f}/s, "
        f"{count / two / ceiling:.2f}; µs a trade by process: {shares}; by stage: {stages}",
    )


def _stages(rendered: Rendered) -> tuple[list[TradeBatch], dict[str, float]]:
    """Run all trades through the same code in this process; return the batches and the seconds by stage."""
    watched = watch(Shard())
    contracts, sizes = Contracts(watched.symbol_of_root), TradeSizes()
    enricher, batcher = Enricher(contracts, sizes), Batcher()
    inbox = Inbox(tasks.broker(settings.REDIS_URL), FEED)
    gc.freeze()  # as the consumer does
    spent: dict[str, float] = defaultdict(float)
    batches: list[TradeBatch] = []

    @contextmanager
    def stage(name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        spent[name] += time.perf_counter() - started

    def publish(everything: bool) -> None:
        with stage("enrich"):
            rows = enricher.rows()
        with stage("seal"):
            if len(rows):
                batcher.add(rows, clock.now_ms())
            sealed = [
                contracts.batch(rows) for rows in batcher.due_batches(clock.now_ms(), everything=everything)
            ]
        for batch in sealed:
            batches.append(batch)
            with stage("publish"):
                inbox.put(f"{FEED}:stages:{len(batches)}", batch.encode())

    for frame in rendered.frames:
        with stage("decode"):
            events = decode(frame, Counter())
        with stage("enrich"):
            enricher.take(events, clock.now_ms())
        if len(enricher) >= 1000:
            publish(False)
    publish(True)
    with stopwatch() as worker:
        for number in range(1, len(batches) + 1):
            with stage("worker"):
                tasks.store_trades(f"{FEED}:stages:{number}")
    for name, milliseconds in worker.items():
        spent[f"worker {name}"] = milliseconds / 1000
    return batches, spent


def _ceiling(batches: list[TradeBatch]) -> float:
    """Return the rows a second of the staged COPY alone, with the rows of all batches already encoded."""
    rows, encoded = 0, []
    for batch in batches:
        checked = check(batch, clock.now_ms())
        columns = process_trades.store.columns_of(
            checked,
            *process_trades.classified(checked),
            process_trades.underlyings(checked),
            settings.FLOW_QUOTE_PREMIUM,
        )
        encoded.append(bulk.encode(OptionsFlow, columns))
        rows += encoded[-1].rows
    real.empty_tables()
    started = time.perf_counter()
    for part in encoded:
        staged_copy(OptionsFlow, part)
    return rows / (time.perf_counter() - started)


def _seconds(server: real.FrameServer, workers: int) -> tuple[float, dict[str, float]]:
    """Return the seconds from the first sent byte to the last committed row, and CPU seconds by process."""
    real.empty_tables()
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        with real.service(
            real.worker_command(workers), logs / "worker", FLOW_MINIMUM_CONTRACTS="1"
        ) as worker:
            alive = Heartbeat.objects.filter(id__startswith="worker@")
            _wait(alive.exists, "the worker does not start")
            with real.service(
                CONSUMER, logs / "consumer", MASSIVE_STREAM_URL=server.url, MASSIVE_API_KEY="bench",
                FLOW_SPOOL_DIRECTORY=str(logs / "spool"),
            ) as consumer:  # fmt: skip
                started = server.started()
                pool = processes.living_in_session(worker)
                broker = int(tasks.broker(settings.REDIS_URL).info("server")["process_id"])
                groups = {
                    "consumer": [consumer], "worker": pool, "PostgreSQL": real.database_pids(),
                    "Valkey": [broker], "frame server": [server.pid],
                }  # fmt: skip
                before = {name: sum(map(real.cpu_seconds, pids)) for name, pids in groups.items()}
                _wait(lambda: _stored(server.trades) >= server.trades, "the trades do not arrive")
                seconds = time.monotonic() - started
                groups["PostgreSQL"] = sorted({*groups["PostgreSQL"], *real.database_pids()})
                after = {name: sum(map(real.cpu_seconds, pids)) for name, pids in groups.items()}
                cost = {name: after[name] - before[name] for name in groups}
    return seconds, cost


def _stored(expected: int) -> int:
    """Return the number of stored rows, or 0 while the highest id is lower than `expected`.

    Counting earlier would use the server while it is being measured.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {TABLE}")
        (highest,) = cursor.fetchone()
        if highest < expected:
            return 0
        cursor.execute(f"SELECT count(*) FROM {TABLE}")
        return int(cursor.fetchone()[0])


def _wait(condition: Callable[[], bool], message: str) -> None:
    if not processes.wait_until(condition, TIMEOUT_SECONDS, every=0.05):
        raise RuntimeError(message)
