"""`manage.py backfill` as a process of its own, and what it leaves behind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from local.servers import ROOT

# Rows differ in these from one run to the next, and in nothing else.
_BY_CHANCE = {"id", "fetched_at"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", "backfill", *arguments]


def run_to_its_end(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def start(environment: Mapping[str, str], output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Begins one; what it says goes to a file."""
    with output.open("ab") as said:
        return subprocess.Popen(
            command(*arguments), cwd=ROOT, env=dict(environment), stdout=said, stderr=subprocess.STDOUT
        )


def tables() -> dict[str, list[dict[str, Any]]]:
    """All rows of the tables that a backfill fills, by key."""
    from warehouse.models import GammaExposure, HistoricalBar, HistoricalGreeks, IvPercentile

    keys = {
        HistoricalBar: ("symbol", "timeframe", "timestamp"),
        HistoricalGreeks: ("symbol", "timestamp", "contract_ticker"),
        GammaExposure: ("symbol", "timestamp"),
        IvPercentile: ("symbol", "date"),
    }
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in _BY_CHANCE}
            for row in model.objects.order_by(*key).values()
        ]
        for model, key in keys.items()
    }


def empty_tables() -> None:
    """As before the first backfill; the watchlist stays."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE historical_bars, historical_greeks, gamma_exposure_snapshots, iv_percentile_cache, ingestion_runs"
        )
