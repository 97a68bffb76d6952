"""`manage.py backfill` in a separate process, and the rows that it stores."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.servers.hold import ROOT
from tests.signal_handling import with_ignored

# Columns that differ between runs; all others must be equal.
_RUN_DEPENDENT = {"id", "fetched_at", "known_at"}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", "backfill", *arguments]


def start(environment: Mapping[str, str], output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a backfill as an operator does, with its output in a file."""
    with output.open("ab") as file:
        return subprocess.Popen(
            command(*arguments),
            cwd=ROOT,
            env=dict(environment),
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=with_ignored(),
        )


@dataclass(frozen=True, slots=True)
class Ended:
    """Exit status and output of a backfill."""

    status: int
    output: str


class Launcher:
    """Starts backfills in one environment, one at a time, without the start-up time of an interpreter."""

    def __init__(self, environment: Mapping[str, str], directory: Path) -> None:
        self._output = directory / "output"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.backfill_launcher"],
            cwd=ROOT, env=dict(environment), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(self, *arguments: str, pace: float | None = None) -> int:
        """Start a backfill and return its process id."""
        self._output.write_text("")
        job = {"arguments": arguments, "output": str(self._output), "pace": pace}
        assert self._process.stdin
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self._number()

    def end(self) -> Ended:
        """Wait for the backfill that was started last."""
        return Ended(self._number(), self._output.read_text())

    def run(self, *arguments: str) -> Ended:
        self.start(*arguments)
        return self.end()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _number(self) -> int:
        assert self._process.stdout
        return int(self._process.stdout.readline())


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the tables that a backfill fills, ordered by key."""
    from warehouse.models import GammaExposure, HistoricalBar, HistoricalGreeks, IvPercentile

    keys = {
        HistoricalBar: ("symbol", "timeframe", "timestamp"),
        HistoricalGreeks: ("symbol", "timestamp", "contract_ticker"),
        GammaExposure: ("symbol", "timestamp"),
        IvPercentile: ("symbol", "date"),
    }
    return {
        model.__name__: [
            {name: value for name, value in row.items() if name not in _RUN_DEPENDENT}
            for row in model.objects.order_by(*key).values()
        ]
        for model, key in keys.items()
    }


def empty_tables() -> None:
    """Empty the tables that a backfill fills; the watchlist is kept."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "TRUNCATE historical_bars, historical_greeks, gamma_exposure_snapshots, iv_percentile_cache,"
            " ingestion_runs, fetched_range, contract_listing"
        )
