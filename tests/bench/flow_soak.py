"""Command `python -m tests.bench.flow_soak`: live trades at a steady rate; reports memory, lag and missing trades.

It runs `SOAK_SECONDS` (600) at `SOAK_RATE` trades a second (5,000). Trades of every size are stored, and the contracts
that the consumer chooses are quoted. Simulator, consumer, workers, PostgreSQL and Valkey are separate processes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from rich.console import Console

from local.launch.services import CONSUMER
from local.servers import processes
from local.servers.hold import ROOT, hold

LOCAL = ROOT / ".local"
SAMPLE_SECONDS = 5.0
TIMEOUT_SECONDS = 180
PAGE = 50_000
QUOTED = 900  # quoted contracts, of at most a thousand, before the trades start
AFTER_OPEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sample:
    """Measurements at one moment: bytes, milliseconds, batches."""

    second: float
    consumer: int  # resident
    workers: int  # resident, all processes together
    lag_ms: int  # from exchange time to the consumer
    oldest_seconds: float  # age of the oldest batch in the inbox
    inbox: int
    spool: int
    rows: int  # stored so far


class Simulator:
    """Client of a simulated provider in the middle of a session."""

    def __init__(self, url: dict[str, str]) -> None:
        self.base_url, self.stream_url = url["base_url"], url["stream_url"]
        self._client = httpx.Client(
            base_url=self.base_url, headers={"Authorization": "Bearer soak"}, timeout=60
        )

    def set_rate(self, trades_per_second: int) -> None:
        body = {"trades_per_second": trades_per_second, "buffer_bytes": 1 << 30}
        self._client.post("/simulator/stream", json=body).raise_for_status()

    def count_trades(self) -> int:
        """Return the number of trades since the start, counted page by page in the simulator's truth."""
        count, following = 0, {"from_ms": 0}
        while following is not None:
            parameters = {**following, "limit": PAGE}
            page = self._client.get("/simulator/stream/truth", params=parameters).raise_for_status().json()
            count += len(page["columns"]["ms"])
            following = page["next"]
        return count


@contextmanager
def simulator(offset_ms: int) -> Iterator[Simulator]:
    command = [sys.executable, "-m", "simulator", "--clock-offset-ms", str(offset_ms)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Simulator(json.loads(process.stdout.readline()))
        finally:
            process.kill()


def main() -> int:
    from quant import sessions

    seconds, rate = float(os.environ.get("SOAK_SECONDS", "600")), int(os.environ.get("SOAK_RATE", "5000"))
    session = sessions.previous_session(datetime.now(UTC).date())
    offset_ms = (sessions.open_of(session) + AFTER_OPEN - datetime.now(UTC)) // timedelta(milliseconds=1)
    with hold(LOCAL / "bench-pg18") as stack, simulator(offset_ms) as market:
        os.environ.update(
            stack.environment("soak"), SECRET_KEY="soak", DJANGO_SETTINGS_MODULE="config.settings",
            REDIS_URL=stack.redis_url(1), CLOCK_OFFSET_MS=str(offset_ms), SIMULATED="true",
            MASSIVE_API_KEY="soak", MASSIVE_BASE_URL=market.base_url, MASSIVE_STREAM_URL=market.stream_url,
            FLOW_MINIMUM_CONTRACTS="1",
        )  # fmt: skip
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        return soak(market, seconds, rate)


def soak(market: Simulator, seconds: float, rate: int) -> int:
    """Run the test and print the results; return 0 if every trade is stored exactly once."""
    from tests.bench.flow_processes import empty_tables, service, worker_command
    from warehouse.models import Heartbeat, OptionsFlow, StreamGap
    from warehouse.watchlist import add_default_symbols

    console = Console(width=None if sys.stdout.isatty() else 140)
    empty_tables()
    add_default_symbols()
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        spool = logs / "spool"
        with service(worker_command(2), logs / "worker") as worker:
            wait(Heartbeat.objects.filter(id__startswith="worker@").exists, "the worker does not start")
            market.set_rate(0)
            with service(CONSUMER, logs / "consumer", FLOW_SPOOL_DIRECTORY=str(spool)) as consumer:
                listener = Heartbeat.objects.filter(id="flow_listener")
                quoted = listener.filter(metadata__subscribed=True, metadata__quoted_contracts__gte=QUOTED)
                wait(quoted.exists, "the consumer does not subscribe")
                console.print(f"{rate:,} trades a second for {seconds:,.0f} s, {_quoted_contracts(listener)}")
                market.set_rate(rate)
                samples = watch(console, seconds, consumer, worker)
                market.set_rate(0)
                time.sleep(3)  # the current second of the simulator, and the next, which is computed ahead
                trades = market.count_trades()
                drain()
    stored, gaps = OptionsFlow.objects.count(), StreamGap.objects.count()
    print_summary(console, samples, stored, trades, gaps)
    return 0 if stored == trades else 1


def watch(console: Console, seconds: float, consumer: int, worker: int) -> list[Sample]:
    started, samples, next_line = time.monotonic(), [], 0.0
    while (passed := time.monotonic() - started) < seconds:
        time.sleep(SAMPLE_SECONDS)
        samples.append(sample(time.monotonic() - started, consumer, worker))
        if passed >= next_line:
            next_line += 30
            console.print(line(samples[-1]))
    return samples


def sample(second: float, consumer: int, worker: int) -> Sample:
    from django.conf import settings
    from django.db import connection

    from flow.delivery.inbox import Inbox
    from flow.tasks import broker
    from tests.bench.flow_processes import resident_bytes
    from warehouse.models import Heartbeat

    inbox = Inbox(broker(settings.REDIS_URL), "options")
    metadata: dict[str, Any] = Heartbeat.objects.get(id="flow_listener").metadata or {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM options_flow_history")
        rows = int(cursor.fetchone()[0])
    workers = sum(map(resident_bytes, processes.living_in_session(worker)))
    return Sample(
        second, resident_bytes(consumer), workers, int(metadata["lag_ms"]), inbox.oldest_age_seconds(), inbox.size(),
        int(metadata["spool_bytes"]), rows,
    )  # fmt: skip


def line(sample: Sample) -> str:
    return (
        f"{sample.second:5,.0f} s  consumer {sample.consumer / 1e6:5.0f} MB  workers {sample.workers / 1e6:5.0f} MB  "
        f"lag {sample.lag_ms:5,} ms  inbox {sample.inbox:4} batches, oldest {sample.oldest_seconds:4.1f} s  "
        f"spool {sample.spool / 1e6:.0f} MB  {sample.rows:,} rows"
    )


def print_summary(console: Console, samples: list[Sample], stored: int, trades: int, gaps: int) -> None:
    third = max(1, len(samples) // 3)
    for name in ("consumer", "workers"):
        sizes = [getattr(one, name) / 1e6 for one in samples]
        # The slope excludes the first third, in which the consumer's tables of contracts and quotes grow.
        slope = np.polyfit([one.second / 60 for one in samples[third:]], sizes[third:], 1)[0]
        first, last = np.mean(sizes[:third]), np.mean(sizes[-third:])
        console.print(
            f"{name}: {first:,.0f} MB in the first third, {last:,.0f} MB in the last, {slope:+.2f} MB/min"
        )
    console.print(
        f"lag: median {np.median([one.lag_ms for one in samples]):,.0f} ms, at most "
        f"{max(one.lag_ms for one in samples):,} ms; inbox at most {max(one.inbox for one in samples)} batches, "
        f"oldest {max(one.oldest_seconds for one in samples):.1f} s; spool at most "
        f"{max(one.spool for one in samples) / 1e6:,.0f} MB"
    )
    verdict = "every trade is stored once" if stored == trades else "TRADES ARE MISSING OR DUPLICATED"
    console.print(f"{stored:,} rows of {trades:,} trades, {gaps} gaps: {verdict}")


def drain() -> None:
    """Wait until the inbox is empty; raise RuntimeError when no batch is stored for a while."""
    from django.conf import settings

    from flow.delivery.inbox import Inbox
    from flow.tasks import broker

    inbox = Inbox(broker(settings.REDIS_URL), "options")
    while left := inbox.size():
        wait(lambda left=left: inbox.size() < left, f"{left} batches wait in the inbox and none is stored")


def wait(condition: Callable[[], object], message: str) -> None:
    if not processes.wait_until(lambda: bool(condition()), TIMEOUT_SECONDS, every=0.2):
        raise RuntimeError(message)


def _quoted_contracts(listener: Any) -> str:
    return f"{listener.get().metadata['quoted_contracts']:,} contracts quoted"


if __name__ == "__main__":
    sys.exit(main())
