"""Request rate of a backfill: how close it comes to the configured limit, despite CPU and database work.

The simulator computes its responses on the same cores, at a tenth of the measured rate. So a first backfill records
the responses (its time is reported), and the measured ones receive them from memory.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO

import numpy as np
from django.conf import settings
from django.db import connection
from rich.console import Console

from config.management.commands.backfill import run_backfill
from ingestion.backfill.backfill_request import DEFAULT_TABLES, checked_request
from ingestion.backfill.selection import Depth
from ingestion.backfill.summary import Summary
from tests.bench.chain_ingest import simulator
from tests.bench.measure import Measured, seconds_of, staged_copy
from tests.recorder import recorder
from warehouse import clock
from warehouse.loading import bulk
from warehouse.models import HistoricalBar
from warehouse.watchlist import add_default_symbols

# Symbols, days, requests a second. The full size: SPX,NDX,SPY,QQQ,IWM,AAPL,NVDA,TSLA:90:200
DEFAULT_SIZE = "SPY,AAPL:30:200"
_TABLES = (
    "historical_greeks, historical_bars, gamma_exposure_snapshots, iv_percentile_cache, market_regime_history,"
    " ingestion_runs, fetched_range, contract_listing, watchlist"
)
_BARS = (
    'SELECT symbol, timeframe, "timestamp", open::float8, high::float8, low::float8, close::float8, volume,'
    " vwap::float8, transactions FROM historical_bars WHERE symbol LIKE 'O:%' ORDER BY 1, 2, 3"
)


def backfill_pace() -> Measured:
    """Return the requests a second of a whole backfill with a limit, compared with the limit."""
    symbols, days, limit = os.environ.get("BENCH_BACKFILL", DEFAULT_SIZE).split(":")
    size = symbols.split(","), int(days)
    with simulated_provider():
        _, recording = run_once(*size, None)
        paced, seconds = run_once(*size, float(limit))
        unlimited, unlimited_seconds = run_once(*size, None)
    rows = sum(stage.rows for stage in unlimited.stages.values())
    ceiling = _staged_copy_rows_a_second()
    pace = paced.requests / seconds
    return Measured(
        value=pace,
        unit="requests/s",
        reference=float(limit),
        ratio=pace / float(limit),
        details=(
            f"{paced.requests:,} requests in {seconds:.1f} s at {limit}/s; unlimited {unlimited_seconds:.1f} s,"
            f" {rows / unlimited_seconds:,.0f} rows/s of {rows:,}, staged COPY of its bars {ceiling:,.0f} rows/s;"
            f" {recording:.0f} s with responses computed by the simulator"
        ),
    )


@contextmanager
def simulated_provider() -> Iterator[None]:
    """Set a simulator behind a recorder as the provider: the first run waits for the simulator, later ones do not."""
    with simulator(0) as simulated, recorder(simulated) as base_url:
        settings.MASSIVE_BASE_URL, settings.MASSIVE_API_KEY = base_url, "bench"
        yield


def run_once(
    symbols: list[str], days: int, limit: float | None, tables: Sequence[str] = DEFAULT_TABLES
) -> tuple[Summary, float]:
    """Run a backfill into emptied tables; return its summary and its seconds."""
    settings.MASSIVE_REQUESTS_PER_SECOND = limit
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES}")
    add_default_symbols(symbols)
    wanted = checked_request(symbols, days, None, tables, Depth(), "close", clock.now_ms())
    output = StringIO()
    started = time.perf_counter()
    summary = run_backfill(wanted, Console(file=output, width=140), dry_run=False, queue=False)
    seconds = time.perf_counter() - started
    assert summary is not None
    assert not summary.unfinished, output.getvalue()
    return summary, seconds


def _staged_copy_rows_a_second() -> float:
    """Return the rows a second of one COPY of the stored option bars, already encoded, into the emptied table."""
    with connection.cursor() as cursor:
        cursor.execute(_BARS)
        names = [column.name for column in cursor.description]
        values = list(zip(*cursor.fetchall(), strict=True))
        cursor.execute("TRUNCATE historical_bars")
    numbers = {
        name: np.array(column, dtype=None if name in ("symbol", "timeframe", "timestamp") else np.float64)
        for name, column in zip(names, values, strict=True)
    }
    encoded = bulk.encode(HistoricalBar, numbers)
    return encoded.rows / seconds_of(lambda: staged_copy(HistoricalBar, encoded))
