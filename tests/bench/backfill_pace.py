"""A backfill against the simulator: how far CPU and database hide behind the pace of requests."""

from __future__ import annotations

import os
import time
from io import StringIO

from django.conf import settings
from django.db import connection
from rich.console import Console

from config.management.commands.backfill import carry_out
from ingestion.backfill.selection import Depth
from ingestion.backfill.summary import Summary
from ingestion.backfill.wish import DEFAULT_TABLES, wish
from tests.bench.chain_ingest import simulator
from tests.bench.measure import Measured
from warehouse.watchlist import add_default_symbols

# The full size is BENCH_BACKFILL=SPX,NDX,SPY,QQQ,IWM,AAPL,NVDA,TSLA:90:200 (symbols, days, requests a second).
DEFAULT_SIZE = "SPY,AAPL:30:100"
_TABLES = (
    "historical_greeks, historical_bars, gamma_exposure_snapshots, iv_percentile_cache, market_regime_history,"
    " ingestion_runs, watchlist"
)


def backfill_pace() -> Measured:
    """Seconds that the requests take at the limit, over the seconds the whole backfill took."""
    symbols, days, limit = os.environ.get("BENCH_BACKFILL", DEFAULT_SIZE).split(":")
    with simulator(0) as base_url:
        settings.MASSIVE_BASE_URL, settings.MASSIVE_API_KEY = base_url, "bench"
        settings.MASSIVE_REQUESTS_PER_SECOND = float(limit) or None
        summary, seconds = _run(symbols.split(","), int(days))
    rows = sum(stage.rows for stage in summary.stages.values())
    pace = summary.requests / seconds
    return Measured(
        value=pace,
        unit="requests/s",
        reference=float(limit),
        ratio=pace / float(limit) if float(limit) else 0.0,
        says=f"{summary.requests:,} requests and {rows:,} rows in {seconds:.1f} s ({rows / seconds:,.0f} rows/s)",
    )


def _run(symbols: list[str], days: int) -> tuple[Summary, float]:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {_TABLES}")
    add_default_symbols(symbols)
    wanted = wish(symbols, days, None, DEFAULT_TABLES, Depth(), "close")
    console = Console(file=StringIO(), width=140)
    started = time.perf_counter()
    summary = carry_out(wanted, console, dry_run=False, queue=False)
    seconds = time.perf_counter() - started
    if summary is None or summary.unrepaired or os.environ.get("BENCH_SHOW"):
        print(console.file.getvalue())
    assert summary is not None
    return summary, seconds
